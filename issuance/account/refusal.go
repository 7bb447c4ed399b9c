package account

import "github.com/railgate/railgate/issuance/refusal"

// What a request about an account can be refused for. A lock is
// attempts.TooManyFailures.
const (
	LoginRequired      refusal.Code = "login_required" // no login token, or one that opens nothing any more
	LoginFailed        refusal.Code = "login_failed"   // unknown login name or wrong password
	LoginInvalid       refusal.Code = "login_name_invalid"
	LoginTaken         refusal.Code = "login_name_taken"
	PasswordInvalid    refusal.Code = "password_invalid"
	PasswordCommon     refusal.Code = "password_too_common"
	PasswordWrong      refusal.Code = "password_wrong" // of a holder who is logged in
	Busy               refusal.Code = "passwords_busy"
	DocumentInvalid    refusal.Code = "identity_document_invalid"
	NameInvalid        refusal.Code = "identity_name_invalid"
	NumberInvalid      refusal.Code = "identity_number_invalid"
	NationalityInvalid refusal.Code = "identity_nationality_invalid"
	ContactMissing     refusal.Code = "contact_missing"
	PhoneInvalid       refusal.Code = "phone_invalid"
	EmailInvalid       refusal.Code = "email_invalid"
	ConsentRequired    refusal.Code = "consent_required"
	ProfileConflict    refusal.Code = "profile_conflict"
	CodeWrong          refusal.Code = "code_wrong"
	CodeUnavailable    refusal.Code = "code_unavailable"
	PhoneNotServed     refusal.Code = "phone_not_served"
	LanguageInvalid    refusal.Code = "language_invalid"
	PhoneUnverified    refusal.Code = "phone_unverified"
	RecoveryFailed     refusal.Code = "recovery_failed"
	AccountNotFound    refusal.Code = "account_not_found" // told to staff only
	ClientUnknown      refusal.Code = "client_unknown"
	ChallengeInvalid   refusal.Code = "challenge_invalid"
	AccountCodeInvalid refusal.Code = "account_code_invalid" // told to ticketing systems only
)

// Codes lists the closed list.
func Codes() []refusal.Code {
	return []refusal.Code{
		LoginRequired, LoginFailed, LoginInvalid, LoginTaken, PasswordInvalid, PasswordCommon, PasswordWrong, Busy,
		DocumentInvalid, NameInvalid, NumberInvalid, NationalityInvalid, ContactMissing, PhoneInvalid, EmailInvalid,
		ConsentRequired, ProfileConflict, CodeWrong, CodeUnavailable, PhoneNotServed, LanguageInvalid, PhoneUnverified, RecoveryFailed, AccountNotFound,
		ClientUnknown, ChallengeInvalid, AccountCodeInvalid,
	}
}
