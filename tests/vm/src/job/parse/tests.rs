//! Job files that are understood, and those that are not.

use super::*;

const RESET: &str = r#"# A reset, with the key pulled out in time.
# And nothing else.
kernel full                      # the gadget needs it
user pat plugdev
with python fido2-tools
without fido_id
limit 90
secret Gurke-4711 "a b c d e"
bring tests/vm/clients/hello.py
key work opensk gadget id=1050:0407 serial=123 product="YubiKey 5" touch=hold
key board keyboard uhid

> plug work
> seat nobody
$ fidokey list
path  [..]

product
! warning: x
[3]

# The user is asked.
$ < "Gurke-4711\n" fidokey pin set --new-pin-file -
$# install -m 0644 udev/70-fidokey.rules /etc/udev/rules.d/
[0]
$ fidokey reset --yes &reset
> expect reset "Unplug"
> replug work
> touch work
> type reset "\x03"
> end reset
...
[signal 9]
"#;

#[test]
fn a_job_is_read() {
    let job = Job::parse(RESET).unwrap();
    assert_eq!(job.about, "A reset, with the key pulled out in time. And nothing else.");
    assert_eq!(job.kernel, Kernel::Full);
    assert_eq!(job.user, Person { name: "pat".into(), groups: vec!["plugdev".into()] });
    assert_eq!(job.user.uid(), 1000);
    assert_eq!(job.with, [Part::Python, Part::Fido2Tools]);
    assert_eq!(job.without, [Absent::FidoId]);
    assert_eq!(job.secrets, ["Gurke-4711", "a b c d e"]);
    assert_eq!(job.limit.as_secs(), 90);
    assert_eq!(job.bring, ["tests/vm/clients/hello.py"]);
    let work = &job.keys[0];
    assert_eq!((work.vendor_id, work.product_id), (0x1050, 0x0407));
    assert_eq!((work.serial.as_deref(), work.product.as_str()), (Some("123"), "YubiKey 5"));
    assert_eq!((work.vehicle, work.touch), (Vehicle::Gadget, Touch::Hold));
    assert_eq!(job.keys[1].firmware, Firmware::Keyboard);

    let acts: Vec<&Act> = job.steps.iter().map(|step| &step.act).collect();
    let run = |line: &str, as_root, stdin: Option<&str>| Command {
        line: line.into(),
        as_root,
        stdin: stdin.map(Into::into),
    };
    assert_eq!(*acts[1], Act::Seat(None));
    assert_eq!(*acts[2], Act::Run(run("fidokey list", false, None)));
    let pin = run("fidokey pin set --new-pin-file -", false, Some("Gurke-4711\n"));
    assert_eq!(*acts[3], Act::Run(pin));
    let install = run("install -m 0644 udev/70-fidokey.rules /etc/udev/rules.d/", true, None);
    assert_eq!(*acts[4], Act::Run(install));
    assert_eq!(*acts[5], Act::Start("reset".into(), run("fidokey reset --yes", false, None)));
    assert_eq!(*acts[6], Act::Expect("reset".into(), "Unplug".into()));
    assert_eq!(*acts[9], Act::Type("reset".into(), "\u{3}".into()));
}

#[test]
fn outcomes_are_read_and_their_lines_counted() {
    let job = Job::parse(RESET).unwrap();
    let list = job.steps[2].recorded.outcome.as_ref().unwrap();
    assert_eq!(list.end, End::Exit(3));
    assert_eq!(list.lines.len(), 4);
    assert_eq!(list.lines[1], Line::Out(String::new()));
    assert_eq!(list.lines[3], Line::Err("warning: x".into()));
    assert_eq!(job.steps[2].recorded_lines, 5);
    assert_eq!(job.steps[3].recorded.outcome, None, "not written yet");
    assert_eq!(job.steps[3].recorded_lines, 0);
    let end = job.steps[10].recorded.outcome.as_ref().unwrap();
    assert_eq!((end.lines.as_slice(), end.end), (&[Line::Any][..], End::Signal(9)));
}

#[test]
fn a_record_is_read_back() {
    let record = "> plug work\n$ x\n\\> y\n! z\n[0]\n> touch work\n!! it never waited\n!! at all\n";
    let steps = steps(record, 0).unwrap();
    let written: String =
        steps.iter().map(|step| format!("{}\n{}", step.text, step.recorded)).collect();
    assert_eq!(written, record);
    assert_eq!(steps[2].recorded.failure.as_deref(), Some("it never waited\nat all"));
}

#[test]
fn what_a_job_may_not_say_is_refused_with_its_line() {
    for (text, line, words) in [
        ("kernel old\n", 1, "cloud, full"),
        ("\ncolour red\n", 2, "colour"),
        ("user eve\n", 1, "eve"),
        ("key a opensk\n", 1, "vehicle"),
        ("key a opensk uhid\nkey a mute uhid\n", 2, "two keys"),
        ("key a opensk uhid id=12\n", 1, "hexadecimal"),
        ("key a opensk gadget\n", 1, "kernel full"),
        ("> plug work\n", 1, "no key is named work"),
        ("> dance\n", 1, "not an act"),
        ("> expect x \"y\"\n", 1, "no command runs"),
        ("$ a &x\n$ b &x\n", 2, "runs already"),
        ("$ a &x\n> end x\n[0]\n> end x\n", 4, "no command runs"),
        ("$ < \"open fidokey\n", 1, "not closed"),
        ("$ < \"a\" fidokey &x\n", 1, "type"),
        ("$ fidokey list\nname\n$ fidokey info\n[0]\n", 2, "exit code"),
    ] {
        let error = Job::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.message.contains(words), "{text}: {error}");
    }
}

#[test]
fn an_id_is_two_hexadecimal_numbers() {
    assert_eq!(usb_id("1050:0407"), Ok((0x1050, 0x0407)));
    for wrong in ["1050", "1050:", "xyz:0407", "10500:0407"] {
        assert!(usb_id(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn only_a_gadget_has_a_keyboard_beside_it() {
    let job = |vehicle| format!("kernel full\nkey work opensk {vehicle} beside=keyboard\n");
    assert!(Job::parse(&job("gadget")).unwrap().keys[0].beside_keyboard);
    assert_eq!(Job::parse(&job("uhid")).unwrap_err().message, "only a gadget has two interfaces");
}

#[test]
fn a_touch_may_be_long() {
    let job = Job::parse("key work trussed uhid\n\n> touch work\n> touch work long\n").unwrap();
    let acts: Vec<&Act> = job.steps.iter().map(|step| &step.act).collect();
    let touch = |press| Act::Touch("work".to_owned(), press);
    assert_eq!(acts, [&touch(Press::Short), &touch(Press::Long)]);
}
