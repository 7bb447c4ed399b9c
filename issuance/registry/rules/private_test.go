package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

// An account and a passenger of marked data, to be looked for where they must
// not be.
var marked = Account{
	Person: identity.Person{Name: identity.Name{Text: "标记姓名"}, Document: identity.ResidentID, Number: "11010519491231002X"},
	Status: Verified,
}

var markedContact = Contact{Phone: "13000001234", Email: "Marked@example.org"}

func TestB12_ConsentFirst(t *testing.T) {
	refused(t, CanKeep(Consent{"2026-01", now}, "2026-01", now), "", "consent to the policy in force")
	for _, c := range []Consent{{}, {"2025-01", now}, {"2026-01", time.Time{}}, {"2026-01", now.Add(time.Second)}} {
		refused(t, CanKeep(c, "2026-01", now), ConsentMissing, "%+v", c)
	}
	refused(t, CanKeep(Consent{"", now}, "", now), ConsentMissing, "no policy at all")
}

func TestB12_NothingPersonalIsPrinted(t *testing.T) {
	p := Passenger{Person: marked.Person, Status: Pending}
	entry := identity.Entry{Name: "标记姓名", DocumentType: "resident_id", DocumentNumber: "11010519491231002X"}
	proof := Proof{Kind: HolderNumber, Value: "11010519491231002X"}
	for _, v := range []any{marked, &marked, p, []Passenger{p}, marked.Person, entry, proof, markedContact, marked.ListContact(), Visit{Proof: proof}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			nothingMarked(t, fmt.Sprintf(verb, v))
		}
		if text, err := json.Marshal(v); err == nil {
			t.Errorf("%T becomes JSON: %s", v, text)
		}
	}
}

func nothingMarked(t *testing.T, text string) {
	t.Helper()
	for _, mark := range []string{"标记", "11010519491231002", "13000001234", "arked@", "1234"} {
		if strings.Contains(text, mark) || strings.Contains(text, fmt.Sprintf("%x", mark)) {
			t.Errorf("%q shows %q", text, mark)
		}
	}
}
