package rules

import (
	"strings"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/identity"
)

// ProofKind is by what a visitor shows to belong to an entry with a name that a
// machine cannot check (rule B1).
type ProofKind uint8

const (
	// PhoneEnd is the last 4 digits of the account's phone.
	PhoneEnd ProofKind = iota + 1
	// EmailStart is the first 3 characters of the account's e-mail address. Ours:
	// nobody tells the case of letters over a counter, so it does not matter.
	EmailStart
	// HolderNumber is the account holder's document number, for a passenger on the
	// account's list.
	HolderNumber
)

var proofNames = Names[ProofKind]{PhoneEnd: "phone_end", EmailStart: "email_start", HolderNumber: "holder_number"}

// ParseProofKind reads the stable name of a kind of proof; everything else is ErrName.
func ParseProofKind(name string) (ProofKind, error) { return proofNames.Parse(name) }

func (k ProofKind) String() string { return proofNames.Of(k) }

// The lengths of rule B1.
const (
	phoneEnd   = 4 // digits
	emailStart = 3 // characters
)

// Proof is what the visitor says. Who serves bounds how often one may guess: four
// digits are ten thousand guesses.
type Proof struct {
	identity.Private
	Kind  ProofKind
	Value string
}

// Contact is what is on file to prove a visit by: of an account its phone and
// e-mail address, of a passenger the holder's document number. An empty field
// proves nothing.
type Contact struct {
	identity.Private
	Phone, Email, HolderNumber string
}

// ListContact is what proves a visit about a passenger on the account's list.
func (a Account) ListContact() Contact { return Contact{HolderNumber: a.Person.Number} }

// proves compares without telling by its time how much was right.
func (c Contact) proves(p Proof) bool {
	var onFile, told string
	switch p.Kind {
	case PhoneEnd:
		onFile, told = lastDigits(c.Phone, phoneEnd), p.Value
	case EmailStart:
		onFile, told = strings.ToLower(firstCharacters(c.Email, emailStart)), strings.ToLower(p.Value)
	case HolderNumber:
		onFile, told = c.HolderNumber, strings.ToUpper(p.Value)
	}
	return onFile != "" && same(onFile, told)
}

// lastDigits are the last n characters if all are digits, else nothing.
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

// firstCharacters are the first n characters, or nothing if there are fewer.
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
