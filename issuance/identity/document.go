package identity

import "errors"

// DocumentType is a kind of identity document. Its number goes into hashes and
// the database: never reuse one.
type DocumentType uint8

// ResidentID is the PRC resident identity card (居民身份证), the only document
// that qualifies (rule A4).
const ResidentID DocumentType = 1

// ErrDocumentType says that the document does not qualify, or is not known.
var ErrDocumentType = errors.New("only the PRC resident identity card qualifies")

const residentIDName = "resident_id"

// ParseDocumentType reads a document type that qualifies; everything else is
// ErrDocumentType.
func ParseDocumentType(name string) (DocumentType, error) {
	if name != residentIDName {
		return 0, ErrDocumentType
	}
	return ResidentID, nil
}

func (t DocumentType) String() string {
	if t == ResidentID {
		return residentIDName
	}
	return "unknown"
}
