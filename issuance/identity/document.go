package identity

import "errors"

// DocumentType is a kind of identity document. Its number goes into hashes and
// the database: never reuse one.
type DocumentType uint8

// The documents of rule B. Whoever takes one must say which of them qualify for
// what: for a temporary ID only the first does (rule A4).
const (
	// ResidentID is the PRC resident identity card (居民身份证), second
	// generation: the first is not supported.
	ResidentID DocumentType = 1
	// Passport is a passport of any state; it goes with a nationality.
	Passport DocumentType = 2
	// HKMacauPermit is the mainland travel permit for Hong Kong and Macau
	// residents (港澳居民来往内地通行证).
	HKMacauPermit DocumentType = 3
	// TaiwanPermit is the mainland travel permit for Taiwan residents
	// (台湾居民来往大陆通行证).
	TaiwanPermit DocumentType = 4
)

// Why a document type is refused.
var (
	// ErrDocumentType says that the document does not qualify for a temporary
	// ID, or is not known.
	ErrDocumentType = errors.New("only the PRC resident identity card qualifies")
	// ErrDocumentUnknown says that no such type is known.
	ErrDocumentUnknown = errors.New("must be resident_id, passport, hk_macau_permit or taiwan_permit")
)

// documentNames are the stable names, by type.
var documentNames = [...]string{
	ResidentID:    "resident_id",
	Passport:      "passport",
	HKMacauPermit: "hk_macau_permit",
	TaiwanPermit:  "taiwan_permit",
}

// DocumentTypes lists every type.
func DocumentTypes() []DocumentType {
	return []DocumentType{ResidentID, Passport, HKMacauPermit, TaiwanPermit}
}

// ParseKnown reads the name of any document of rule B; everything else is
// ErrDocumentUnknown.
func ParseKnown(name string) (DocumentType, error) {
	for _, t := range DocumentTypes() {
		if documentNames[t] == name {
			return t, nil
		}
	}
	return 0, ErrDocumentUnknown
}

// ParseQualifying reads a document type on which a temporary ID may be issued
// (rule A4); everything else, known or not, is ErrDocumentType.
func ParseQualifying(name string) (DocumentType, error) {
	if t, err := ParseKnown(name); err != nil || t != ResidentID {
		return 0, ErrDocumentType
	}
	return ResidentID, nil
}

// Known reports whether the type is one of DocumentTypes.
func (t DocumentType) Known() bool { return t >= ResidentID && t <= TaiwanPermit }

func (t DocumentType) String() string {
	if !t.Known() {
		return "unknown"
	}
	return documentNames[t]
}
