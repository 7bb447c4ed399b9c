package registry

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

func TestStableNamesRoundTrip(t *testing.T) {
	for i, name := range []string{"buy", "refund_online", "change_online", "serve"} {
		if k, err := ParseDecisionKind(name); err != nil || int(k) != i+1 || k.String() != name {
			t.Errorf("%q is %v: %v", name, k, err)
		}
	}
	for i, name := range []string{"bought", "changed", "refunded", "cancelled"} {
		if k, err := ParseEventKind(name); err != nil || int(k) != i+1 || k.String() != name {
			t.Errorf("%q is %v: %v", name, k, err)
		}
	}
	for _, name := range []string{"", "unknown", "Buy", "bought "} {
		if k, err := ParseDecisionKind(name); err == nil {
			t.Errorf("%q is %v", name, k)
		}
		if k, err := ParseEventKind(name); err == nil {
			t.Errorf("%q is %v", name, k)
		}
	}
}

// What carries a person prints nothing of it, and a logger that writes JSON of it
// fails.
func TestPeopleAreNotPrinted(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, _ := w.lived()
		held, err := w.PersonalData(t.Context(), h)
		w.Must(err)
		seen, err := w.ViewEntry(t.Context(), w.by(staff.Window), Ref{h.Account(), held.Passengers[0].ID})
		w.Must(err)
		for _, v := range []any{held, held.Own, held.Passengers, seen, entered(resident(1)), DuplicateVisit{Document: shown(resident(1))}, shown(resident(1)), Itinerary{Order: "Marked", Journey: w.journey()}, *w.journey()} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				w.TellsNothing(fmt.Errorf("%s", fmt.Sprintf(verb, v)))
			}
			if text, err := json.Marshal(v); err == nil {
				t.Errorf("%T becomes JSON of %d bytes", v, len(text))
			}
		}
	})
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	_, err := New(Config{Limits: rules.Limits{Passengers: -1}})
	for _, what := range []string{"no database", "no vault", "no audit log", "no lockout", "privacy policy", "limit passengers"} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q is not said: %v", what, err)
		}
	}
}
