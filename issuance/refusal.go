package issuance

import "github.com/railgate/railgate/issuance/refusal"

// What a passenger's request can be refused for.
const (
	NameInvalid              refusal.Code = "name_invalid"
	CityInvalid              refusal.Code = "city_invalid"
	DocumentTypeNotSupported refusal.Code = "document_type_not_supported"
	DocumentNumberInvalid    refusal.Code = "document_number_invalid"
	LocationMissing          refusal.Code = "location_missing"
	LocationInvalid          refusal.Code = "location_invalid"
	Relocate                 refusal.Code = "relocate"
	Unauthorized             refusal.Code = "unauthorized"
	EvidenceInvalid          refusal.Code = "evidence_invalid"
	CheckFailed              refusal.Code = "real_person_check_failed"
	CheckTimeout             refusal.Code = "real_person_check_timeout"
	CheckUnavailable         refusal.Code = "real_person_check_unavailable"
	CheckRequired            refusal.Code = "real_person_check_required"
	IdentityNotConfirmed     refusal.Code = "identity_not_confirmed"
	DocumentCancelled        refusal.Code = "document_cancelled"
	LookupUnavailable        refusal.Code = "identity_lookup_unavailable"
	IdentifyUnavailable      refusal.Code = "online_verification_unavailable"
	QuotaExceeded            refusal.Code = "quota_exceeded"
	RenewalTooEarly          refusal.Code = "renewal_too_early"
	ApplicationRefused       refusal.Code = "application_refused"
	ApplicationExpired       refusal.Code = "application_expired"
	NotApproved              refusal.Code = "not_approved"
	CredentialExpired        refusal.Code = "credential_expired"
	CredentialRevoked        refusal.Code = "credential_revoked"
	CredentialSuperseded     refusal.Code = "credential_superseded"
	ModeInvalid              refusal.Code = "mode_invalid"
	AnchorInvalid            refusal.Code = "anchor_invalid"
	IssuingSuspended         refusal.Code = "issuing_suspended"
	SessionNotFound          refusal.Code = "session_not_found"
	SessionNotHosted         refusal.Code = "session_not_hosted"
	SessionOver              refusal.Code = "session_over"
	SessionClosed            refusal.Code = "session_closed"
)

// What a staff request can be refused for.
const (
	CredentialNotFound refusal.Code = "credential_not_found"
	ReasonInvalid      refusal.Code = "reason_invalid"
	// CodeRefused is why a scanned code identifies no person; its reason is the verdict's.
	CodeRefused     refusal.Code = "code_refused"
	PurposeInvalid  refusal.Code = "purpose_invalid"
	SubjectsInvalid refusal.Code = "subjects_invalid"
)

// Codes lists the closed list.
func Codes() []refusal.Code {
	return []refusal.Code{
		NameInvalid, CityInvalid, DocumentTypeNotSupported, DocumentNumberInvalid, LocationMissing, LocationInvalid, Relocate,
		Unauthorized, EvidenceInvalid, CheckFailed, CheckTimeout, CheckUnavailable, CheckRequired,
		IdentityNotConfirmed, DocumentCancelled, LookupUnavailable, IdentifyUnavailable, QuotaExceeded, RenewalTooEarly, ApplicationRefused, ApplicationExpired,
		NotApproved, CredentialExpired, CredentialRevoked, CredentialSuperseded, ModeInvalid, AnchorInvalid,
		IssuingSuspended, SessionNotFound, SessionNotHosted, SessionOver, SessionClosed, CredentialNotFound, ReasonInvalid,
		CodeRefused, PurposeInvalid, SubjectsInvalid,
	}
}
