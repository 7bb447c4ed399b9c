package rules

import (
	"strings"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/identity"
)

// ProofKind is how a visitor proves that an entry is theirs if its name cannot be checked by a
// machine (rule B1).
type ProofKind uint8

const (
	// PhoneEnd is the last 4 digits of the account's phone.
	PhoneEnd ProofKind = iota + 1
	// EmailStart is the first 3 characters of the account's e-mail address. Our choice: case is
	// ignored, since it is not spoken at a counter.
	EmailStart
	// HolderNumber is the account holder's document number, for a passenger on the account's list.
	HolderNumber
)

var proofNames = Names[ProofKind]{PhoneEnd: "phone_end", EmailStart: "email_start", HolderNumber: "holder_number"}

// ParseProofKind parses the stable name of a kind of proof. Any other name is [ErrName].
func ParseProofKind(name string) (ProofKind, error) { return proofNames.Parse(name) }

func (k ProofKind) String() string { return proofNames.Of(k) }

// The lengths of rule B1.
const (
	phoneEnd   = 4 // digits
	emailStart = 3 // characters
)

// Proof is what the visitor says. The caller must bound the guesses: four digits have only ten
// thousand values.
type Proof struct {
	identity.Private
	Kind  ProofKind
	Value string
}

// Contact is the stored data that a proof is compared with: the account's phone and e-mail address,
// or for a passenger the holder's document number. An empty field matches nothing.
type Contact struct {
	identity.Private
	Phone, Email, HolderNumber string
}

// ListContact is the contact for a passenger on the account's list.
func (a Account) ListContact() Contact { return Contact{HolderNumber: a.Person.Number} }

// proves compares in constant time.
func (c Contact) proves(p Proof) bool {
	var stored, given string
	switch p.Kind {
	case PhoneEnd:
		stored, given = lastDigits(c.Phone, phoneEnd), p.Value
	case EmailStart:
		stored, given = strings.ToLower(firstCharacters(c.Email, emailStart)), strings.ToLower(p.Value)
	case HolderNumber:
		stored, given = c.HolderNumber, strings.ToUpper(p.Value)
	}
	return stored != "" && equal(stored, given)
}

// lastDigits returns the last n characters if all are digits, otherwise "".
func lastDigits(s string, n int) string {
	if len(s) < n {
		return ""
	}
	end := s[len(s)-n:]
	if strings.ContainsFunc(end, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	return end
}

// firstCharacters returns the first n characters, or "" if there are fewer.
func firstCharacters(s string, n int) string {
	for end := range s {
		if n == 0 {
			return s[:end]
		}
		n--
	}
	if n > 0 || !utf8.ValidString(s) {
		return ""
	}
	return s
}
