package credential

import "github.com/railgate/railgate/issuance/problem"

// What a passenger's request can be refused for.
const (
	NameInvalid              problem.Code = "name_invalid"
	CityInvalid              problem.Code = "city_invalid"
	DocumentTypeNotSupported problem.Code = "document_type_not_supported"
	DocumentNumberInvalid    problem.Code = "document_number_invalid"
	LocationMissing          problem.Code = "location_missing"
	LocationInvalid          problem.Code = "location_invalid"
	Relocate                 problem.Code = "relocate"
	Unauthorized             problem.Code = "unauthorized"
	EvidenceInvalid          problem.Code = "evidence_invalid"
	CheckFailed              problem.Code = "real_person_check_failed"
	CheckTimeout             problem.Code = "real_person_check_timeout"
	CheckUnavailable         problem.Code = "real_person_check_unavailable"
	CheckRequired            problem.Code = "real_person_check_required"
	IdentityNotConfirmed     problem.Code = "identity_not_confirmed"
	DocumentCancelled        problem.Code = "document_cancelled"
	LookupUnavailable        problem.Code = "identity_lookup_unavailable"
	IdentifyUnavailable      problem.Code = "online_verification_unavailable"
	QuotaExceeded            problem.Code = "quota_exceeded"
	RenewalTooEarly          problem.Code = "renewal_too_early"
	ApplicationRefused       problem.Code = "application_refused"
	ApplicationExpired       problem.Code = "application_expired"
	NotApproved              problem.Code = "not_approved"
	CredentialExpired        problem.Code = "credential_expired"
	CredentialRevoked        problem.Code = "credential_revoked"
	CredentialSuperseded     problem.Code = "credential_superseded"
	ModeInvalid              problem.Code = "mode_invalid"
	AnchorInvalid            problem.Code = "anchor_invalid"
	IssuingSuspended         problem.Code = "issuing_suspended"
	SessionNotFound          problem.Code = "session_not_found"
	SessionNotHosted         problem.Code = "session_not_hosted"
	SessionOver              problem.Code = "session_over"
	SessionClosed            problem.Code = "session_closed"
)

// What a staff request can be refused for.
const (
	CredentialNotFound problem.Code = "credential_not_found"
	ReasonInvalid      problem.Code = "reason_invalid"
	// CodeRefused is why a scanned code identifies no person; its reason is the verdict's.
	CodeRefused     problem.Code = "code_refused"
	PurposeInvalid  problem.Code = "purpose_invalid"
	SubjectsInvalid problem.Code = "subjects_invalid"
)

// Codes lists the closed list.
func Codes() []problem.Code {
	return []problem.Code{
		NameInvalid, CityInvalid, DocumentTypeNotSupported, DocumentNumberInvalid, LocationMissing, LocationInvalid, Relocate,
		Unauthorized, EvidenceInvalid, CheckFailed, CheckTimeout, CheckUnavailable, CheckRequired,
		IdentityNotConfirmed, DocumentCancelled, LookupUnavailable, IdentifyUnavailable, QuotaExceeded, RenewalTooEarly, ApplicationRefused, ApplicationExpired,
		NotApproved, CredentialExpired, CredentialRevoked, CredentialSuperseded, ModeInvalid, AnchorInvalid,
		IssuingSuspended, SessionNotFound, SessionNotHosted, SessionOver, SessionClosed, CredentialNotFound, ReasonInvalid,
		CodeRefused, PurposeInvalid, SubjectsInvalid,
	}
}
