package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestB4_ClosedAccountsIdentityStaysTaken(t *testing.T) {
	const day = 24 * time.Hour
	l := DefaultLimits()
	old := func(d identity.DocumentType, s Status, days, tickets int) Passenger {
		p := passenger(d, s)
		p.AddedAt, p.Tickets = now.Add(-time.Duration(days)*day), tickets
		return p
	}
	for _, c := range []struct {
		name    string
		status  Status // of an account with a passport
		tickets int
		list    []Passenger
		days    int
	}{
		{"an empty list", Verified, 9, nil, 0},
		{"a verified passenger of 30 days", Verified, 9, []Passenger{old(identity.TaiwanPermit, Verified, 30, 9)}, 150},
		{"two passengers, the later one counts", Verified, 0, []Passenger{old(identity.Passport, PreVerified, 5, 0), old(identity.TaiwanPermit, Verified, 170, 0)}, 175},
		{"passengers that may be deleted", Verified, 9, []Passenger{old(identity.Passport, Verified, 180, 3), old(identity.ResidentID, Pending, 1, 0), old(identity.Passport, Failed, 1, 4)}, 0},
		{"an older resident passenger", Verified, 9, []Passenger{old(identity.ResidentID, Verified, 30, 9)}, 0},
		{"a to-be-submitted passenger, long on the list", Verified, 0, []Passenger{old(identity.Passport, ToBeSubmitted, 400, 0)}, 0},
		{"the same with a ticket", Verified, 1, []Passenger{old(identity.Passport, ToBeSubmitted, 400, 1)}, 180},
		{"a to-be-submitted account", ToBeSubmitted, 0, nil, 0},
		{"the same with a ticket", ToBeSubmitted, 1, nil, 180},
		{"a failed account with tickets", Failed, 20, nil, 0},
	} {
		a := account(identity.Passport, c.status)
		a.Tickets = c.tickets
		if got, want := TakenUntil(a, c.list, l, now), now.Add(time.Duration(c.days)*day); !got.Equal(want) {
			t.Errorf("%s: taken for %v, want %d days", c.name, got.Sub(now), c.days)
		}
	}
}

func TestB11_AccountThatLosesAnIdentityIsFailed(t *testing.T) {
	if FreedStatus != Failed {
		t.Errorf("it is %v", FreedStatus)
	}
	refused(t, CanFreeIdentity(Visit{At: Window, Original: true, InDate: true, Readable: true}), "", "a window")
	refused(t, CanFreeIdentity(Visit{At: Agency, Original: true, InDate: true, Readable: true}), StationWindowOnly, "an agency")
}

// marked has recognizable data, which must not appear in any text.
var marked = Account{
	Person: identity.Person{Name: identity.Name{Text: "标记姓名"}, Document: identity.ResidentID, Number: "11010519491231002X"},
	Status: Verified,
}

var markedContact = Contact{Phone: "13000001234", Email: "Marked@example.org"}

func TestB12_StorageNeedsConsent(t *testing.T) {
	refused(t, CanKeep(Consent{"2026-01", now}, "2026-01", now), "", "consent to the current policy")
	for _, c := range []Consent{{}, {"2025-01", now}, {"2026-01", time.Time{}}, {"2026-01", now.Add(time.Second)}} {
		refused(t, CanKeep(c, "2026-01", now), ConsentMissing, "%+v", c)
	}
	refused(t, CanKeep(Consent{"", now}, "", now), ConsentMissing, "no policy at all")
}

func TestB12_PersonalDataIsNotPrinted(t *testing.T) {
	p := Passenger{Person: marked.Person, Status: Pending}
	entry := identity.Entry{Name: "标记姓名", DocumentType: "resident_id", DocumentNumber: "11010519491231002X"}
	proof := Proof{Kind: HolderNumber, Value: "11010519491231002X"}
	for _, v := range []any{marked, &marked, p, []Passenger{p}, marked.Person, entry, proof, markedContact, marked.ListContact(), Visit{Proof: proof}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			requireUnmarked(t, fmt.Sprintf(verb, v))
		}
		if text, err := json.Marshal(v); err == nil {
			t.Errorf("%T is marshalled to JSON: %s", v, text)
		}
	}
}

func requireUnmarked(t *testing.T, text string) {
	t.Helper()
	for _, mark := range []string{"标记", "11010519491231002", "13000001234", "arked@", "1234"} {
		if strings.Contains(text, mark) || strings.Contains(text, fmt.Sprintf("%x", mark)) {
			t.Errorf("%q shows %q", text, mark)
		}
	}
}

func TestReadPersonIsStrict(t *testing.T) {
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
			t.Errorf("%s: a person is returned with the error", c.field)
		}
	}
}

// One number on passports of two states is two documents; the nationality of a permit is not part
// of its identity.
func TestSameDocument(t *testing.T) {
	read := func(document, number, nationality string) identity.Person {
		p, err := ReadPerson(identity.Entry{Name: "Test", DocumentType: document, DocumentNumber: number, Nationality: nationality}, now)
		runtest.Must(t, err)
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
		t.Error("another nationality on a permit makes another document")
	}
}

func TestB1_SpecialNamesAreForTheWindow(t *testing.T) {
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
