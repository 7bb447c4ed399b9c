package harness

import (
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/harness/passenger"
)

// Policy is the version of the privacy policy that every person agrees to.
const Policy = issuance.DefaultPolicy

// Person is an invented test person with a document.
type Person struct{ passenger.Person }

// MakePerson is a person with a document of any kind; nationality may be empty.
func MakePerson(name, documentType, number, nationality string) Person {
	return Person{passenger.Person{Name: name, DocumentType: documentType, DocumentNumber: number, Nationality: nationality}}
}

// Person is another test person with a resident ID card, who is 35 or 36 years old.
func (h *Harness) Person() Person { return h.Born("19900307") }

// Born is another test person with a resident ID card and this date of birth, YYYYMMDD.
func (h *Harness) Born(date string) Person {
	return MakePerson("测试甲", "resident_id", passenger.IDNumber(fmt.Sprintf("110105%s%03d", date, h.next())), "")
}

// Visitor is another test person with a passport.
func (h *Harness) Visitor() Person {
	return MakePerson("Test Visitor", "passport", fmt.Sprintf("P%07d", h.next()), "NZL")
}

// HKMacauVisitor and TaiwanVisitor are other test persons with a travel permit.
func (h *Harness) HKMacauVisitor() Person {
	return MakePerson("测试乙", "hk_macau_permit", fmt.Sprintf("H%08d", h.next()), "")
}

func (h *Harness) TaiwanVisitor() Person {
	return MakePerson("测试丙", "taiwan_permit", fmt.Sprintf("%08d", h.next()), "")
}

func (h *Harness) next() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people++
	return h.people
}

// Named is the same document with another name.
func (p Person) Named(name string) Person {
	p.Name = name
	return p
}

// Numbered is the same person with another document number.
func (p Person) Numbered(number string) Person {
	p.DocumentNumber = number
	return p
}

// EndingInX is another test person whose number ends in X, and the same person with a
// lower-case x.
func (h *Harness) EndingInX() (upper, lower Person) {
	for !strings.HasSuffix(upper.DocumentNumber, "X") {
		upper = h.Person()
	}
	return upper, upper.Numbered(strings.ToLower(upper.DocumentNumber))
}

// Entry is the form of a passenger who comes onto an account's list.
func (p Person) Entry() Object { return With(p.Identity(), Object{"policy": Policy}) }

// Document is the kind, number and nationality of a person's document.
func (p Person) Document() Object {
	o := p.Identity()
	delete(o, "name")
	return o
}

// Application is the form of an application, from a place in Beijing.
func (p Person) Application() Object { return p.Person.Application(Policy) }

// Card is the data that a machine reads from a person's resident ID card.
func (p Person) Card() Object {
	return Object{"original": true, "card": Object{"name": p.Name, "document_number": p.DocumentNumber}}
}
