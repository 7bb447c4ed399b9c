package identity

import (
	"errors"
	"fmt"
	"time"
)

// Private keeps personal data out of logs. A struct that embeds it prints as "(private)" with every
// verb of fmt and cannot be marshalled to JSON, which loggers use for structs.
type Private struct{}

var errPrivate = errors.New("identity: personal data must not be marshalled to JSON")

// Format implements [fmt.Formatter]; it hides the value.
func (Private) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// MarshalJSON implements [encoding/json.Marshaler]; it always fails.
func (Private) MarshalJSON() ([]byte, error) { return nil, errPrivate }

// Entry is a person, or only a document, as entered in a form.
type Entry struct {
	Private
	Name           string
	DocumentType   string
	DocumentNumber string
	Nationality    string // required for a passport, empty for a resident ID card
	// Substituted means that the document has characters that could not be entered: pinyin, a
	// homophone or a simplified form replaces them (rule B8).
	Substituted bool
}

// Person is the person described by a document.
type Person struct {
	Private
	Name        Name
	Substituted bool
	Document    DocumentType
	Number      string
	Nationality Nationality // empty: none on the document
}

// Field is a field of an Entry.
type Field uint8

// The fields in the order in which they are checked.
const (
	DocumentTypeField Field = iota
	NameField
	NumberField
	NationalityField
	// Fields is the number of fields.
	Fields
)

// EntryError names the faulty field of an entry and the reason, never its content.
type EntryError struct {
	Field Field
	Err   error
}

func (e *EntryError) Error() string { return e.Err.Error() }
func (e *EntryError) Unwrap() error { return e.Err }

// ReadPerson checks and normalizes an entry. Its errors are [*EntryError]. now decides which birth
// dates are in the future.
func ReadPerson(e Entry, now time.Time) (Person, error) { return readEntry(e, now, true) }

// ReadDocument is [ReadPerson] without the name.
func ReadDocument(e Entry, now time.Time) (Person, error) { return readEntry(e, now, false) }

func readEntry(e Entry, now time.Time, withName bool) (p Person, err error) {
	field := DocumentTypeField
	if p.Document, err = ParseKnown(e.DocumentType); err == nil && withName {
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

// Identifier distinguishes a document from all others of its type and is the value to hash instead
// of the number. Passport numbers are unique only within a nationality.
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

// WindowOnly reports whether only a station window can handle the name (rule B1). Name.Uncommon
// includes pinyin on a resident ID card.
func (p Person) WindowOnly() bool { return p.Name.OverLong || p.Name.Uncommon || p.Substituted }
