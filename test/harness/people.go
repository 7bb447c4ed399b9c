package harness

import (
	"fmt"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/idnumber"
)

// Policy is the version of the privacy policy that every person agrees to.
const Policy = issuance.DefaultPolicy

// Person is an invented test person with a document.
type Person struct {
	Name           string
	DocumentType   string
	DocumentNumber string
	Nationality    string // empty with a resident ID card
}

// Person is another test person with a resident ID card, who is 35 or 36 years old.
func (h *Harness) Person() Person { return h.Born("19900307") }

// Born is another test person with a resident ID card and this date of birth, YYYYMMDD.
func (h *Harness) Born(date string) Person {
	return Person{Name: "测试甲", DocumentType: "resident_id", DocumentNumber: idnumber.Complete(fmt.Sprintf("110105%s%03d", date, h.next()))}
}

// Visitor is another test person with a passport.
func (h *Harness) Visitor() Person {
	return Person{Name: "Test Visitor", DocumentType: "passport", DocumentNumber: fmt.Sprintf("P%07d", h.next()), Nationality: "NZL"}
}

// HKMacauVisitor and TaiwanVisitor are other test persons with a travel permit.
func (h *Harness) HKMacauVisitor() Person {
	return Person{Name: "测试乙", DocumentType: "hk_macau_permit", DocumentNumber: fmt.Sprintf("H%08d", h.next())}
}

func (h *Harness) TaiwanVisitor() Person {
	return Person{Name: "测试丙", DocumentType: "taiwan_permit", DocumentNumber: fmt.Sprintf("%08d", h.next())}
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

// Identity returns the fields of a form that say who a person is.
func (p Person) Identity() Object {
	o := Object{"name": p.Name, "document_type": p.DocumentType, "document_number": p.DocumentNumber}
	if p.Nationality != "" {
		o["nationality"] = p.Nationality
	}
	return o
}

// Entry is the form of a passenger who comes onto an account's list.
func (p Person) Entry() Object { return With(p.Identity(), Object{"policy": Policy}) }

// Application is the form of an application, from a place in Beijing.
func (p Person) Application() Object {
	return With(Object{"name": p.Name, "document_type": p.DocumentType, "document_number": p.DocumentNumber},
		Object{"policy": Policy, "city": "北京", "location": Object{"latitude": 39.9, "longitude": 116.4}})
}
