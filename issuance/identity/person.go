package identity

import (
	"errors"
	"fmt"
	"time"
)

// Private keeps personal data out of logs: a struct that embeds it prints as
// "(private)" under every verb of fmt, and does not become JSON, which loggers
// write of structs.
type Private struct{}

// errPrivate says what a mistake it is.
var errPrivate = errors.New("identity: personal data is not written as JSON")

// Format hides the value.
func (Private) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// MarshalJSON refuses.
func (Private) MarshalJSON() ([]byte, error) { return nil, errPrivate }

// Entry is a person, or only a document, as somebody enters it.
type Entry struct {
	Private
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
	Private
	Name        Name
	Substituted bool
	Document    DocumentType
	Number      string
	Nationality Nationality // empty: the document goes without
}

// Field is a field of an Entry.
type Field uint8

// The fields, in the order in which they are checked.
const (
	DocumentTypeField Field = iota
	NameField
	NumberField
	NationalityField
	// Fields is how many there are.
	Fields
)

// EntryError says which field of an entry is refused, and why; never its content.
type EntryError struct {
	Field Field
	Err   error
}

func (e *EntryError) Error() string { return e.Err.Error() }
func (e *EntryError) Unwrap() error { return e.Err }

// ReadPerson checks what was entered, strictly; a refusal is an *EntryError. now tells
// which birth dates lie in the future.
func ReadPerson(e Entry, now time.Time) (Person, error) { return read(e, now, true) }

// ReadDocument is ReadPerson for a document alone: it leaves the name aside.
func ReadDocument(e Entry, now time.Time) (Person, error) { return read(e, now, false) }

func read(e Entry, now time.Time, named bool) (p Person, err error) {
	field := DocumentTypeField
	if p.Document, err = ParseKnown(e.DocumentType); err == nil && named {
		field = NameField
		p.Name, err = ReadName(e.Name, p.Document)
	}
	if err == nil {
		field = NumberField
		p.Number, err = ReadNumber(p.Document, e.DocumentNumber, now)
	}
	if err == nil {
		field = NationalityField
		p.Nationality, err = ParseNationality(p.Document, e.Nationality)
	}
	if err != nil {
		return Person{}, &EntryError{field, err}
	}
	p.Substituted = e.Substituted
	return p, nil
}

// Identifier tells one document of a type from all others of it: hash it, not the
// number. The numbers of passports repeat from one nationality to the next.
func (p Person) Identifier() string {
	if p.Document == Passport {
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
