use super::super::testing::{hex, no_change_panics};
use super::super::{PinProtocol, ReplyError, read_reply};
use super::*;

fn token(protocol: PinProtocol) -> PinUvAuthToken {
    PinUvAuthToken::new(protocol, SecretBytes::copy_of(&[0x91; 32])).unwrap()
}

fn read<R: Request>(request: &R, body: &str) -> Result<R::Response, ReplyError> {
    read_reply(request, &[&[0], hex(body).as_slice()].concat())
}

/// Authentication over exactly these bytes.
fn code(message: &str) -> String {
    let auth = token(PinProtocol::Two).authenticate(&hex(message));
    auth.param().iter().map(|byte| format!("{byte:02x}")).collect()
}

const ID: &str = "a2 626964 42aabb 6474797065 6a7075626c69632d6b6579";
const USER: &str = "a3 626964 420102 646e616d65 63616e6e 6b646973706c61794e616d65 63416e6e";

#[test]
fn requests_authenticate_their_subcommand_and_parameters() {
    let token = token(PinProtocol::Two);
    let standard = Dialect::Standard;
    let hash = "33".repeat(32);
    let id = CredentialDescriptor::new([0xaa, 0xbb]);
    let user =
        UserEntity { id: vec![1, 2], name: Some("ann".into()), display_name: Some("Ann".into()) };
    let expect = |encoded: Vec<u8>, number: &str, parameters: Option<String>| {
        let code = code(&format!("{number}{}", parameters.clone().unwrap_or_default()));
        let expected = match parameters {
            None => format!("0a a3 01 {number} 03 02 04 5820 {code}"),
            Some(parameters) => {
                format!("0a a4 01 {number} 02 {parameters} 03 02 04 5820 {code}")
            }
        };
        assert_eq!(encoded, hex(&expected), "{number}");
    };
    expect(GetCredsMetadata::new(standard, &token).encode(), "01", None);
    expect(EnumerateRpsBegin::new(standard, &token).encode(), "02", None);
    let request = EnumerateCredentialsBegin::new(standard, &token, &[0x33; 32]);
    expect(request.encode(), "04", Some(format!("a1 01 5820 {hash}")));
    let request = DeleteCredential::new(standard, &token, &id);
    expect(request.encode(), "06", Some(format!("a1 02 {ID}")));
    let request = UpdateUserInformation::new(standard, &token, &id, &user).unwrap();
    expect(request.encode(), "07", Some(format!("a2 02 {ID} 03 {USER}")));
}

/// The code under a token of 32 times 0x91 over the single byte 0x01, by Python's `hmac`.
#[test]
fn the_code_is_hmac_sha_256_cut_for_protocol_one() {
    let request = GetCredsMetadata::new(Dialect::Standard, &token(PinProtocol::One));
    assert_eq!(request.encode(), hex("0a a3 01 01 03 01 04 50 b49639a6a690fdbbe4dd9227da687f23"));
}

#[test]
fn going_on_needs_no_token() {
    let standard = Dialect::Standard;
    assert_eq!(EnumerateRpsGetNextRp::new(standard).encode(), hex("0a a1 01 03"));
    let next = EnumerateCredentialsGetNextCredential::new(standard);
    assert_eq!(next.encode(), hex("0a a1 01 05"));
}

#[test]
fn the_preview_has_its_own_number_and_no_update() {
    let preview = Dialect::Preview;
    let token = token(PinProtocol::One);
    assert_eq!(EnumerateRpsGetNextRp::new(preview).encode(), hex("41 a1 01 03"));
    assert_eq!(GetCredsMetadata::new(preview, &token).encode()[0], 0x41);
    let id = CredentialDescriptor::new([1]);
    assert_eq!(DeleteCredential::new(preview, &token, &id).encode()[0], 0x41);
    let update = UpdateUserInformation::new(preview, &token, &id, &UserEntity::default());
    assert_eq!(update.unwrap_err(), NotInPreview);
}

fn first_rp() -> EnumerateRpsBegin {
    EnumerateRpsBegin::new(Dialect::Standard, &token(PinProtocol::Two))
}

fn first_credential() -> EnumerateCredentialsBegin {
    EnumerateCredentialsBegin::new(Dialect::Standard, &token(PinProtocol::Two), &[0; 32])
}

#[test]
fn metadata_is_read() {
    let request = GetCredsMetadata::new(Dialect::Standard, &token(PinProtocol::Two));
    let metadata = read(&request, "a2 01 03 02 1819").unwrap();
    assert_eq!(metadata, CredsMetadata { existing: 3, max_remaining: 25 });
    assert!(read(&request, "a1 01 03").is_err());
    no_change_panics(&request, &hex("a2 01 03 02 1819"));
}

/// SHA-256 of "example.com".
const HASH: &str = "a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947";

#[test]
fn relying_parties_are_read() {
    let rp = "a2 626964 6b6578616d706c652e636f6d 646e616d65 674578616d706c65";
    let body = format!("a3 03 {rp} 04 5820 {HASH} 05 02");
    let reply = read(&first_rp(), &body).unwrap();
    assert_eq!(reply.total, 2);
    let first = reply.first.unwrap();
    assert_eq!(
        (first.id.as_deref(), first.name.as_deref()),
        (Some("example.com"), Some("Example"))
    );
    assert_eq!(first.rp_id_hash.to_vec(), hex(HASH));
    assert!(first.id_is_whole());
    let next = EnumerateRpsGetNextRp::new(Dialect::Standard);
    let entry = read(&next, &format!("a2 03 a0 04 5820 {HASH}")).unwrap();
    assert_eq!((entry.id.as_deref(), entry.id_is_whole()), (None, false));
    assert!(read(&next, "a0").is_err());
    no_change_panics(&first_rp(), &hex(&body));
    no_change_panics(&next, &hex(&format!("a2 03 {rp} 04 5820 {HASH}")));
}

#[test]
fn a_truncated_or_mended_id_is_known_as_such() {
    let next = EnumerateRpsGetNextRp::new(Dialect::Standard);
    for (id, shown) in [("6a 6578616d706c652e636f", "example.co"), ("62 61c3", "a\u{fffd}")] {
        let entry = read(&next, &format!("a2 03 a1 626964 {id} 04 5820 {HASH}")).unwrap();
        assert_eq!(entry.id.as_deref(), Some(shown));
        assert!(!entry.id_is_whole());
    }
}

#[test]
fn an_empty_key_may_say_so_in_several_ways() {
    for body in ["a0", "a1 05 00", ""] {
        let reply = read(&first_rp(), body).unwrap();
        assert_eq!((reply.total, reply.first), (0, None), "{body}");
    }
    // A relying party without a total is one relying party; a total without one is a fault.
    let one = read(&first_rp(), &format!("a1 04 5820 {HASH}")).unwrap();
    assert!(one.total == 1 && one.first.is_some());
    assert!(read(&first_rp(), "a1 05 01").is_err());
}

#[test]
fn credentials_are_read() {
    let public = "a5 0102 0326 2001 214101 224102";
    let key = "77".repeat(32);
    let body = format!("a7 06 {USER} 07 {ID} 08 {public} 09 02 0a 03 0b 5820 {key} 0c f5");
    let reply = read(&first_credential(), &body).unwrap();
    assert_eq!(reply.total, 2);
    let first = reply.first;
    assert_eq!(first.credential.id, [0xaa, 0xbb]);
    assert_eq!(first.user.as_ref().unwrap().display_name.as_deref(), Some("Ann"));
    assert_eq!(first.public_key.as_ref().unwrap().raw, hex(public));
    assert_eq!(first.cred_protect, Some(CredentialProtection::REQUIRED));
    assert_eq!(first.large_blob_key.as_ref().unwrap().expose(), [0x77; 32]);
    assert_eq!(first.third_party_payment, Some(true));
    assert!(first.mistyped.is_empty() && !format!("{first:?}").contains("119, 119"));
    no_change_panics(&first_credential(), &hex(&body));
}

/// Also a credential whose other members are faulty can be shown and deleted.
#[test]
fn a_credential_needs_no_more_than_its_id() {
    let next = EnumerateCredentialsGetNextCredential::new(Dialect::Standard);
    let entry = read(&next, &format!("a5 06 01 07 {ID} 08 a0 0a 20 0c 01")).unwrap();
    assert_eq!(entry.credential.id, [0xaa, 0xbb]);
    assert!(entry.user.is_none() && entry.public_key.is_none());
    let names: Vec<&str> = entry.mistyped.iter().map(|member| member.name).collect();
    assert_eq!(names, ["user", "publicKey", "credProtect", "thirdPartyPayment"]);
    assert!(read(&next, "a0").is_err());
    let first = read(&first_credential(), &format!("a1 07 {ID}")).unwrap();
    assert_eq!(first.total, 1);
}

#[test]
fn a_body_behind_the_success_of_a_change_is_not_looked_at() {
    let token = token(PinProtocol::Two);
    let request = DeleteCredential::new(Dialect::Standard, &token, &CredentialDescriptor::new([1]));
    assert_eq!(read(&request, "ff"), Ok(()));
}
