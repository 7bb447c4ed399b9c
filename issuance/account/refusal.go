package account

import "github.com/railgate/railgate/issuance/problem"

// What a request about an account can be refused for. A lock is
// attempts.TooManyFailures.
const (
	LoginRequired      problem.Code = "login_required" // no login token, or one that opens nothing any more
	LoginFailed        problem.Code = "login_failed"   // unknown login name or wrong password
	LoginInvalid       problem.Code = "login_name_invalid"
	LoginTaken         problem.Code = "login_name_taken"
	PasswordInvalid    problem.Code = "password_invalid"
	PasswordCommon     problem.Code = "password_too_common"
	PasswordWrong      problem.Code = "password_wrong" // of a holder who is logged in
	Busy               problem.Code = "passwords_busy"
	DocumentInvalid    problem.Code = "identity_document_invalid"
	NameInvalid        problem.Code = "identity_name_invalid"
	NumberInvalid      problem.Code = "identity_number_invalid"
	NationalityInvalid problem.Code = "identity_nationality_invalid"
	ContactMissing     problem.Code = "contact_missing"
	PhoneInvalid       problem.Code = "phone_invalid"
	EmailInvalid       problem.Code = "email_invalid"
	ConsentRequired    problem.Code = "consent_required"
	ProfileConflict    problem.Code = "profile_conflict"
	CodeWrong          problem.Code = "code_wrong"
	CodeUnavailable    problem.Code = "code_unavailable"
	PhoneNotServed     problem.Code = "phone_not_served"
	LanguageInvalid    problem.Code = "language_invalid"
	PhoneUnverified    problem.Code = "phone_unverified"
	RecoveryFailed     problem.Code = "recovery_failed"
	AccountNotFound    problem.Code = "account_not_found" // told to staff only
	ClientUnknown      problem.Code = "client_unknown"
	ChallengeInvalid   problem.Code = "challenge_invalid"
	AccountCodeInvalid problem.Code = "account_code_invalid" // told to ticketing systems only
)

// Codes lists the closed list.
func Codes() []problem.Code {
	return []problem.Code{
		LoginRequired, LoginFailed, LoginInvalid, LoginTaken, PasswordInvalid, PasswordCommon, PasswordWrong, Busy,
		DocumentInvalid, NameInvalid, NumberInvalid, NationalityInvalid, ContactMissing, PhoneInvalid, EmailInvalid,
		ConsentRequired, ProfileConflict, CodeWrong, CodeUnavailable, PhoneNotServed, LanguageInvalid, PhoneUnverified, RecoveryFailed, AccountNotFound,
		ClientUnknown, ChallengeInvalid, AccountCodeInvalid,
	}
}
