package rules

import (
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Entry is a person as somebody enters one.
type Entry struct {
	private
	Name           string
	DocumentType   string
	DocumentNumber string
	Nationality    string // required with a passport, none with a resident ID card
	// Substituted says that the document holds characters which could not be
	// entered: pinyin, a homophone or a simplified form stands for them (rule B8).
	Substituted bool
}

// Person is who a document says somebody is.
type Person struct {
	private
	Name        identity.Name
	Substituted bool
	Document    identity.DocumentType
	Number      string
	Nationality identity.Nationality
}

// Read checks what was entered, strictly. now tells which birth dates lie in the
// future.
func Read(e Entry, now time.Time) (Person, error) {
	document, err := identity.ParseKnown(e.DocumentType)
	if err != nil {
		return Person{}, problem.New(DocumentUnknown, "document_type "+err.Error())
	}
	name, err := identity.ReadName(e.Name, document)
	if err != nil {
		return Person{}, problem.New(PersonInvalid, "name "+err.Error())
	}
	number, err := identity.ReadNumber(document, e.DocumentNumber, now)
	switch {
	case errors.Is(err, identity.ErrFirstGeneration):
		return Person{}, problem.New(FirstGenerationCard, "document_number: "+err.Error())
	case err != nil:
		return Person{}, problem.New(PersonInvalid, "document_number: "+err.Error())
	}
	nationality, err := identity.ParseNationality(document, e.Nationality)
	if err != nil {
		return Person{}, problem.New(PersonInvalid, err.Error())
	}
	return Person{Name: name, Substituted: e.Substituted, Document: document, Number: number, Nationality: nationality}, nil
}

// Identifier tells one document of a type from all others of it: hash it, not the
// number. The numbers of passports repeat from one nationality to the next.
func (p Person) Identifier() string {
	if p.Document == identity.Passport {
		return string(p.Nationality) + ":" + p.Number
	}
	return p.Number
}

// SameDocument reports whether two entries are about one document.
func (p Person) SameDocument(q Person) bool {
	return p.Document == q.Document && p.Identifier() == q.Identifier()
}

// WindowOnly reports whether the name is one that only a station window handles
// (rule B1). Name.Uncommon covers pinyin on a resident ID card.
func (p Person) WindowOnly() bool { return p.Name.OverLong || p.Name.Uncommon || p.Substituted }
