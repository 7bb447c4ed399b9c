package rules

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

func TestRead(t *testing.T) {
	good := identity.Entry{Name: " Test  Name ", DocumentType: "passport", DocumentNumber: "E12345678", Nationality: "GBR"}
	p, err := ReadPerson(good, now)
	if err != nil || p.Name.Text != "Test Name" || p.Document != identity.Passport || p.Number != "E12345678" || p.Nationality != "GBR" || p.WindowOnly() {
		t.Fatalf("%q %v: %v", p.Name.Text, p.Document, err)
	}
	for _, c := range []struct {
		field  string
		change func(*identity.Entry)
		code   problem.Code
	}{
		{"type", func(e *identity.Entry) { e.DocumentType = "licence" }, DocumentUnknown},
		{"no type", func(e *identity.Entry) { e.DocumentType = "" }, DocumentUnknown},
		{"name", func(e *identity.Entry) { e.Name = "" }, PersonInvalid},
		{"name that reorders the line", func(e *identity.Entry) { e.Name = "a\u202eb" }, PersonInvalid},
		{"number", func(e *identity.Entry) { e.DocumentNumber = "e12345678" }, PersonInvalid},
		{"no nationality", func(e *identity.Entry) { e.Nationality = "" }, PersonInvalid},
		{"unknown nationality", func(e *identity.Entry) { e.Nationality = "XYZ" }, PersonInvalid},
		{"resident with a nationality", func(e *identity.Entry) {
			e.DocumentType, e.DocumentNumber = "resident_id", "11010519491231002X"
		}, PersonInvalid},
		{"first-generation card", func(e *identity.Entry) {
			e.DocumentType, e.DocumentNumber, e.Nationality = "resident_id", "110105491231002", ""
		}, FirstGenerationCard},
	} {
		bad := good
		c.change(&bad)
		p, err := ReadPerson(bad, now)
		refused(t, err, c.code, "%s", c.field)
		if p != (identity.Person{}) {
			t.Errorf("%s: a person comes with the refusal", c.field)
		}
	}
}

// One number on passports of two states is two people; a permit's nationality
// makes no second person.
func TestSameDocument(t *testing.T) {
	read := func(document, number, nationality string) identity.Person {
		p, err := ReadPerson(identity.Entry{Name: "Test", DocumentType: document, DocumentNumber: number, Nationality: nationality}, now)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	people := []identity.Person{
		read("passport", "12345678", "GBR"), read("passport", "12345678", "FRA"), read("taiwan_permit", "12345678", ""),
		read("hk_macau_permit", "H12345678", ""), read("passport", "H12345678", "GBR"),
	}
	for i, p := range people {
		for j, q := range people {
			if p.SameDocument(q) != (i == j) {
				t.Errorf("%d and %d", i, j)
			}
		}
	}
	if !people[3].SameDocument(read("hk_macau_permit", "H12345678", "IND")) {
		t.Error("a nationality makes a second holder of a permit")
	}
}

func TestB1_NamesForTheWindow(t *testing.T) {
	for name, want := range map[string]bool{"测试": false, "Test Name": true, "阿测·试": false, "測試": true, "测喆": false, "测龘": true, strings.Repeat("测", 15): false, strings.Repeat("测", 16): true} {
		p, err := ReadPerson(identity.Entry{Name: name, DocumentType: "resident_id", DocumentNumber: "11010519491231002X"}, now)
		if err != nil || p.WindowOnly() != want {
			t.Errorf("%s: for the window only is %v: %v", name, p.WindowOnly(), err)
		}
	}
	p, err := ReadPerson(identity.Entry{Name: "Zhe", DocumentType: "resident_id", DocumentNumber: "11010519491231002X", Substituted: true}, now)
	if err != nil || !p.WindowOnly() {
		t.Errorf("a rare name entered as pinyin: %v", err)
	}
}
