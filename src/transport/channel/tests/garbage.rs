//! Whatever a key sends, a request ends in time, and the next one is served.

use super::*;

/// Numbers that look random and are the same in each run (xorshift64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.throw(256)).unwrap()
    }
}

/// Adds a report or a few: valid ones, cut, doubled or with a byte changed, or noise.
fn add_garbage(dice: &mut Dice, answers: &mut Answers) {
    let channel = [CHANNEL, CHANNEL, CHANNEL, FOREIGN, BROADCAST_CHANNEL][dice.throw(5)];
    let commands =
        [Command::CBOR, Command::KEEPALIVE, Command::ERROR, Command::INIT, Command(dice.byte())];
    let command = Command(commands[dice.throw(5)].0 & 0x7f);
    let length = [0, 1, 1, 1, 17, 60, 300, 7609][dice.throw(8)];
    let first = [0, 1, 2, 6, 0x0b, dice.byte()][dice.throw(6)];
    let payload: Vec<u8> = (0..length).map(|_| first).collect();
    let mut reports = answers.reports(channel, command, &payload);
    let index = dice.throw(reports.len());
    match dice.throw(8) {
        0 => {
            reports.remove(index);
        }
        1 => reports.insert(index, reports[index].clone()),
        2 => {
            let place = dice.throw(8);
            reports[index][place] = dice.byte();
        }
        3 => reports[index].truncate(dice.throw(64)),
        4 => reports.truncate(index),
        5 => reports[index].iter_mut().skip(4).for_each(|byte| *byte = dice.byte()),
        _ => {}
    }
    for report in reports {
        answers.report(report);
    }
    answers.after(millis([0, 1, 99, 2999][dice.throw(4)]));
}

#[test]
fn every_request_ends_in_time_and_the_next_is_served() {
    let mut answered = 0;
    for seed in 1..3000 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed));
        let mut spoilt = true;
        let key = Key::new(move |heard, answers| match heard.command {
            Command::CBOR if spoilt => {
                for _ in 0..dice.throw(6) {
                    add_garbage(&mut dice, answers);
                }
                if dice.throw(10) == 0 {
                    answers.keepalives_for_ever(dice.byte() % 4);
                } else if dice.throw(2) == 0 {
                    answers.cbor(&[0, 7]);
                }
                spoilt = false;
            }
            Command::CBOR => {
                answers.cbor(&[0, 7]);
            }
            _ => {}
        });
        let mut channel = key.open();
        let outcome = ask(&key, &mut channel);
        // Three limits of a minute (busy, at work, a touch) and the last word.
        assert!(outcome.took < seconds(185), "seed {seed}: {:?}", outcome.took);
        answered += usize::from(outcome.result.is_ok());
        key.change(|answers| {
            answers.silence();
        });
        let next = ask(&key, &mut channel).result;
        assert!(matches!(&next, Ok(answer) if answer == &[0, 7]), "seed {seed}: {next:?}");
    }
    // Neither does all of it pass nor is all of it refused: the cases reach every part.
    assert!((300..2700).contains(&answered), "{answered}");
}
