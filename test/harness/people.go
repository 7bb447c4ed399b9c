package harness

import (
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/harness/passenger"
)

// Policy is the version of the privacy policy to which every person agrees.
const Policy = issuance.DefaultPolicy

// Person is an invented test person with a document.
type Person struct{ passenger.Person }

// MakePerson returns a person with a document of any kind; nationality may be empty.
func MakePerson(name, documentType, number, nationality string) Person {
	return Person{passenger.Person{Name: name, DocumentType: documentType, DocumentNumber: number, Nationality: nationality}}
}

// Person returns a new test person with a resident ID card, who is 35 or 36 years old.
func (h *Harness) Person() Person { return h.Born("19900307") }

// Born returns a new test person with a resident ID card and this date of birth, YYYYMMDD.
func (h *Harness) Born(date string) Person {
	return MakePerson("测试甲", "resident_id", passenger.IDNumber(fmt.Sprintf("110105%s%03d", date, h.next())), "")
}

// Visitor returns a new test person with a passport.
func (h *Harness) Visitor() Person {
	return MakePerson("Test Visitor", "passport", fmt.Sprintf("P%07d", h.next()), "NZL")
}

// HKMacauVisitor returns a new test person with a travel permit for residents of Hong Kong and
// Macau.
func (h *Harness) HKMacauVisitor() Person {
	return MakePerson("测试乙", "hk_macau_permit", fmt.Sprintf("H%08d", h.next()), "")
}

// TaiwanVisitor returns a new test person with a travel permit for residents of Taiwan.
func (h *Harness) TaiwanVisitor() Person {
	return MakePerson("测试丙", "taiwan_permit", fmt.Sprintf("%08d", h.next()), "")
}

func (h *Harness) next() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people++
	return h.people
}

// Named returns the person with another name and the same document.
func (p Person) Named(name string) Person {
	p.Name = name
	return p
}

// Numbered returns the person with another document number.
func (p Person) Numbered(number string) Person {
	p.DocumentNumber = number
	return p
}

// EndingInX returns a new test person whose number ends in X, and the same person with a lower-case
// x.
func (h *Harness) EndingInX() (upper, lower Person) {
	for !strings.HasSuffix(upper.DocumentNumber, "X") {
		upper = h.Person()
	}
	return upper, upper.Numbered(strings.ToLower(upper.DocumentNumber))
}

// Entry returns the form that adds the person to an account's passenger list.
func (p Person) Entry() Object { return With(p.Identity(), Object{"policy": Policy}) }

// Document returns the kind, number and nationality of the person's document.
func (p Person) Document() Object {
	o := p.Identity()
	delete(o, "name")
	return o
}

// Application returns the form of an application from a place in Beijing.
func (p Person) Application() Object { return p.Person.Application(Policy) }

// Card returns the data that a machine reads from a resident ID card.
func (p Person) Card() Object {
	return Object{"original": true, "card": Object{"name": p.Name, "document_number": p.DocumentNumber}}
}
