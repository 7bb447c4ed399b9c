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

// Types with personal data print nothing of it and cannot be marshalled to JSON.
func TestPersonalDataIsNotPrinted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, _ := env.usedAccount()
		data, err := env.PersonalData(t.Context(), h)
		env.Must(err)
		seen, err := env.ViewEntry(t.Context(), env.by(staff.Window), Ref{h.Account(), data.Passengers[0].ID})
		env.Must(err)
		for _, v := range []any{data, data.Own, data.Passengers, seen, enteredPassenger(resident(1)), DuplicateVisit{Document: documentOf(resident(1))}, documentOf(resident(1)), Itinerary{Order: "Marked", Journey: env.journey()}, *env.journey()} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				env.TellsNothing(fmt.Errorf("%s", fmt.Sprintf(verb, v)))
			}
			if text, err := json.Marshal(v); err == nil {
				t.Errorf("%T is marshalled to %d bytes of JSON", v, len(text))
			}
		}
	})
}

func TestNewReportsEveryConfigurationError(t *testing.T) {
	_, err := New(Config{Limits: rules.Limits{Passengers: -1}})
	for _, what := range []string{"Database", "Vault", "AuditLog", "Lockout", "Identify", "Policy", "limit passengers"} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("the error does not mention %q: %v", what, err)
		}
	}
}
