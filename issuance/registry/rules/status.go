package rules

import (
	"errors"

	"github.com/railgate/railgate/issuance/identity"
)

// Status is how far an identity is checked. Its number goes into the database:
// never reuse one.
type Status uint8

// The statuses of rule B.
const (
	Verified      Status = 1 // 已通过: checked, and it is what was entered
	Pending       Status = 2 // 待核验: a resident ID card not yet checked
	ToBeSubmitted Status = 3 // 请报验: another document not yet checked
	PreVerified   Status = 4 // 预通过: another document, checked at the window only
	Failed        Status = 5 // 未通过: checked, and it is not what was entered
)

// ErrStatus says that a name is no status.
var ErrStatus = errors.New("registry: no such status")

var statusNames = [...]struct{ name, en, zh string }{
	Verified:      {"verified", "Verified", "已通过"},
	Pending:       {"pending", "Pending", "待核验"},
	ToBeSubmitted: {"to_be_submitted", "To be submitted", "请报验"},
	PreVerified:   {"pre_verified", "Pre-verified", "预通过"},
	Failed:        {"failed", "Failed", "未通过"},
}

// Statuses lists every status.
func Statuses() []Status { return []Status{Verified, Pending, ToBeSubmitted, PreVerified, Failed} }

// ParseStatus reads a status's stable name; everything else is ErrStatus.
func ParseStatus(name string) (Status, error) {
	for _, s := range Statuses() {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, ErrStatus
}

func (s Status) known() bool { return s >= Verified && s <= Failed }

func (s Status) String() string {
	if !s.known() {
		return "unknown"
	}
	return statusNames[s].name
}

// English is what the passenger reads, as Chinese is.
func (s Status) English() string {
	if !s.known() {
		return ""
	}
	return statusNames[s].en
}

// Chinese is what the passenger reads; empty for what is no status.
func (s Status) Chinese() string {
	if !s.known() {
		return ""
	}
	return statusNames[s].zh
}

// Initial is the status of what nobody has checked yet.
func Initial(d identity.DocumentType) Status {
	if d == identity.ResidentID {
		return Pending
	}
	return ToBeSubmitted
}

// Possible reports whether an identity by the document can have the status.
func Possible(d identity.DocumentType, s Status) bool { return standingOf(d, s).possible() }

// kind is what the rules tell apart: the resident ID card, and the "other"
// documents.
type kind uint8

const (
	resident kind = iota + 1
	other
)

func kindOf(d identity.DocumentType) kind {
	switch {
	case d == identity.ResidentID:
		return resident
	case d.Known():
		return other
	}
	return 0
}

// standing is a status of a kind of document.
type standing struct {
	kind   kind
	status Status
}

func standingOf(d identity.DocumentType, s Status) standing { return standing{kindOf(d), s} }

// possible is the column "for" of the table of statuses.
func (s standing) possible() bool {
	switch s.kind {
	case resident:
		return s.status == Verified || s.status == Pending || s.status == Failed
	case other:
		return s.status == Verified || s.status == ToBeSubmitted || s.status == PreVerified || s.status == Failed
	}
	return false
}

// counted reports whether the status counts for the length of a list and holds
// a passenger on it (rules B3 and B4).
func (s Status) counted() bool { return s == Verified || s == ToBeSubmitted || s == PreVerified }
