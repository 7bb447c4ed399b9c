package rules

import (
	"errors"
	"slices"

	"github.com/railgate/railgate/issuance/identity"
)

// Status is how far an identity is checked. Its number is stored in the database: numbers are never
// reused.
type Status uint8

// The statuses of rule B.
const (
	Verified      Status = 1 // 已通过: checked, and the entry matches
	Pending       Status = 2 // 待核验: a resident ID card not yet checked
	ToBeSubmitted Status = 3 // 请报验: another document not yet checked
	PreVerified   Status = 4 // 预通过: another document, so far checked only at a window
	Failed        Status = 5 // 未通过: checked, and the entry does not match
)

var statusNames = Names[Status]{
	Verified: "verified", Pending: "pending", ToBeSubmitted: "to_be_submitted", PreVerified: "pre_verified", Failed: "failed",
}

var statusTexts = map[Status]bilingual{
	Verified: {"Verified", "已通过"}, Pending: {"Pending", "待核验"}, ToBeSubmitted: {"To be submitted", "请报验"},
	PreVerified: {"Pre-verified", "预通过"}, Failed: {"Failed", "未通过"},
}

// Statuses lists every status.
func Statuses() []Status { return []Status{Verified, Pending, ToBeSubmitted, PreVerified, Failed} }

// ParseStatus parses a status's stable name. Any other name is [ErrName].
func ParseStatus(name string) (Status, error) { return statusNames.Parse(name) }

func (s Status) String() string { return statusNames.Of(s) }

// English is the text for passengers; empty for an unknown status.
func (s Status) English() string { return statusTexts[s].en }

// Chinese is the text for passengers; empty for an unknown status.
func (s Status) Chinese() string { return statusTexts[s].zh }

// Initial is the status of an unchecked identity.
func Initial(d identity.DocumentType) Status {
	if d == identity.ResidentID {
		return Pending
	}
	return ToBeSubmitted
}

// Possible reports whether an identity with the document can have the status.
func Possible(d identity.DocumentType, s Status) bool { return kindStatusOf(d, s).possible() }

// kind distinguishes the resident ID card from the "other" documents of the rules.
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

// kindStatus is a status of a kind of document.
type kindStatus struct {
	kind   kind
	status Status
}

func kindStatusOf(d identity.DocumentType, s Status) kindStatus { return kindStatus{kindOf(d), s} }

// possible is the column "for" in the rules' table of statuses.
func (s kindStatus) possible() bool {
	switch s.kind {
	case resident:
		return s.status == Verified || s.status == Pending || s.status == Failed
	case other:
		return s.status == Verified || s.status == ToBeSubmitted || s.status == PreVerified || s.status == Failed
	}
	return false
}

// counted reports whether the status counts for the length of a list and keeps a passenger on it
// (rules B3 and B4).
func (s Status) counted() bool { return s == Verified || s == ToBeSubmitted || s == PreVerified }

// ErrName means that a name is not in a set of [Names].
var ErrName = errors.New("registry: unknown name")

// Names are the stable names of a small closed set of numbers, by number. A number without a name
// is not in the set.
type Names[T ~uint8] []string

// Of returns the name of v, or "unknown".
func (n Names[T]) Of(v T) string {
	if int(v) >= len(n) || n[v] == "" {
		return "unknown"
	}
	return n[v]
}

// Parse returns the number of a name. Any other name is [ErrName].
func (n Names[T]) Parse(name string) (T, error) {
	i := slices.Index(n, name)
	if i < 0 || name == "" {
		return 0, ErrName
	}
	return T(i), nil
}
