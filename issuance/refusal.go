package issuance

// Code is the stable name of a refusal. The closed list is here; what it means
// in HTTP and in words stands in issuance/api.
type Code string

// What a passenger's request can be refused for.
const (
	NameInvalid              Code = "name_invalid"
	CityInvalid              Code = "city_invalid"
	DocumentTypeNotSupported Code = "document_type_not_supported"
	DocumentNumberInvalid    Code = "document_number_invalid"
	LocationMissing          Code = "location_missing"
	LocationInvalid          Code = "location_invalid"
	Unauthorized             Code = "unauthorized"
	EvidenceInvalid          Code = "evidence_invalid"
	CheckFailed              Code = "real_person_check_failed"
	CheckTimeout             Code = "real_person_check_timeout"
	CheckUnavailable         Code = "real_person_check_unavailable"
	CheckRequired            Code = "real_person_check_required"
	NotApproved              Code = "not_approved"
	CredentialExpired        Code = "credential_expired"
	CredentialRevoked        Code = "credential_revoked"
	ModeInvalid              Code = "mode_invalid"
	AnchorInvalid            Code = "anchor_invalid"
	IssuingSuspended         Code = "issuing_suspended"
	SessionNotFound          Code = "session_not_found"
	SessionNotHosted         Code = "session_not_hosted"
	SessionOver              Code = "session_over"
)

// What a staff request can be refused for.
const (
	CredentialNotFound Code = "credential_not_found"
	ReasonInvalid      Code = "reason_invalid"
)

// Codes lists the closed list.
func Codes() []Code {
	return []Code{
		NameInvalid, CityInvalid, DocumentTypeNotSupported, DocumentNumberInvalid, LocationMissing, LocationInvalid,
		Unauthorized, EvidenceInvalid, CheckFailed, CheckTimeout, CheckUnavailable, CheckRequired,
		NotApproved, CredentialExpired, CredentialRevoked, ModeInvalid, AnchorInvalid,
		IssuingSuspended, SessionNotFound, SessionNotHosted, SessionOver, CredentialNotFound, ReasonInvalid,
	}
}

// Refusal is an error that the rules demand and the caller may be told. Every
// other error is a fault of the issuer, told to nobody but the log.
type Refusal struct {
	Code Code
	// Detail says which part of the request is at fault and what it must be. It
	// never repeats what was sent.
	Detail string
}

func (r *Refusal) Error() string { return "refused: " + string(r.Code) }

func refuse(code Code, detail string) error { return &Refusal{Code: code, Detail: detail} }
