package api

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/refusal"
)

// noNextStep are the codes that passengers never meet through a well-behaved app, or
// staff only: nothing there for the passenger to do.
const noNextStep = "mode_invalid anchor_invalid session_not_hosted credential_not_found reason_invalid " +
	"body_malformed body_too_large media_type_not_supported not_found method_not_allowed"

func TestEveryCodeHasItsWords(t *testing.T) {
	all := Codes()
	if len(all) != len(table) {
		t.Errorf("%d codes, %d in the table", len(all), len(table))
	}
	for _, code := range all {
		i, ok := table[code]
		if !ok {
			t.Errorf("%s is not in the table", code)
			continue
		}
		if i.status < 400 || i.text.EN == "" || i.text.ZH == "" || (i.text.NextEN == "") != (i.text.NextZH == "") {
			t.Errorf("%s: %+v", code, i)
		}
		if silent := strings.Contains(" "+noNextStep+" ", " "+string(code)+" "); silent != (i.text.NextEN == "") {
			t.Errorf("%s: next step %q", code, i.text.NextEN)
		}
	}
}

// A code that was forgotten in the table must not reach the caller.
func TestUnknownCodeIsInternal(t *testing.T) {
	r := httptest.NewRecorder()
	newProblem("made_up", "a secret").write(r)
	if r.Code != 500 || strings.Contains(r.Body.String(), "secret") || !strings.Contains(r.Body.String(), `"internal_error"`) {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
}

// What the document shows as an example is what the server says, word for word.
func TestExamplesAreWhatTheServerSays(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi/issuer.yaml")
	if err != nil {
		t.Fatal(err)
	}
	problems := 0
	for name, example := range doc.Components.Examples {
		value := example.Value.Value.(map[string]any)
		code, ok := value["code"].(string)
		if !ok {
			continue
		}
		problems++
		rendered, err := json.Marshal(newProblem(refusal.Code(code), value["detail"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(rendered, &a) != nil || json.Unmarshal(shown, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s shows %s\nand the server says %s", name, shown, rendered)
		}
	}
	if problems < 20 {
		t.Errorf("%d examples of problems: the document was not read", problems)
	}
}
