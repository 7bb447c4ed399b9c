package httpapi

import (
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// noNextStep are the codes without a next step for passengers: a correct app never receives
// them, or only staff do.
const noNextStep = "mode_invalid anchor_invalid session_not_hosted credential_not_found reason_invalid query_malformed " +
	"body_malformed body_too_large headers_too_large media_type_not_supported not_found method_not_allowed"

// Codes lists the code of every problem, in the order of the tables.
func Codes() (all []problem.Code) {
	for _, t := range tables {
		for _, row := range t {
			all = append(all, row.Code)
		}
	}
	return all
}

// Rule A14: every refusal names the passenger's next step in Chinese and English.
func TestA14_EveryRefusalNamesTheNextStep(t *testing.T) {
	for _, code := range Codes() {
		row := table[code]
		x := row.Text
		if row.Status < 400 || x.EN == "" || !chinese(x.ZH) || chinese(x.EN) || chinese(x.NextEN) || (x.NextEN == "") != (x.NextZH == "") {
			t.Errorf("%s: %+v", code, row)
		}
		if x.NextZH != "" && !chinese(x.NextZH) {
			t.Errorf("%s: the next step is not in Chinese: %q", code, x.NextZH)
		}
		if silent := strings.Contains(" "+noNextStep+" ", " "+string(code)+" "); silent != (x.NextEN == "") {
			t.Errorf("%s: next step %q", code, x.NextEN)
		}
		// The encoded problem has the same texts.
		p := newProblem(code, "")
		if (p.NextStep == nil) != (x.NextEN == "") || p.Text.ZH != x.ZH || p.NextStep != nil && (p.NextStep.EN != x.NextEN || p.NextStep.ZH != x.NextZH) {
			t.Errorf("%s is encoded as %+v", code, p)
		}
	}
	// Rule A14 names two cases, expired on the journey and not approved; rule A7 names the
	// fourth application.
	for code, want := range map[problem.Code][2]string{
		credential.CredentialExpired: {"apply again, or use the staffed channel", "人工通道"},
		credential.NotApproved:       {"station police window", "车站公安制证窗口"},
		credential.QuotaExceeded:     {"paper proof", "车站公安制证窗口"},
	} {
		if x := table[code].Text; !strings.Contains(x.NextEN, want[0]) || !strings.Contains(x.NextZH, want[1]) {
			t.Errorf("%s: %q, %q", code, x.NextEN, x.NextZH)
		}
	}
}

func chinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// Codes are declared in the tables only.
func TestCodesAreDeclaredInTables(t *testing.T) {
	literal := regexp.MustCompile(`problem\.(New|Code)\("|problem\.Until\([^,]+, "|problem\.Code\s*=\s*"|problem\.Error\{(Code:\s*)?"`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if found := literal.Find(text); found != nil {
			t.Errorf("%s declares a code outside the tables: %s", path, found)
		}
		return err
	})
	runtest.Must(t, err)
}

// A code missing from the tables does not reach the caller.
func TestUnknownCodeIsInternal(t *testing.T) {
	r := httptest.NewRecorder()
	newProblem("made_up", "a secret").write(r)
	if r.Code != 500 || strings.Contains(r.Body.String(), "secret") || !strings.Contains(r.Body.String(), `"internal_error"`) {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
}

// The document's examples of problems are the server's texts, word for word.
func TestExamplesMatchTheServer(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi/issuer.yaml")
	runtest.Must(t, err)
	problems, shown := 0, make(map[problem.Code]bool)
	for name, example := range doc.Components.Examples {
		value := example.Value.Value.(map[string]any)
		code, ok := value["code"].(string)
		if !ok {
			continue
		}
		problems++
		shown[problem.Code(code)] = true
		if name != code {
			t.Errorf("the example of %s is called %s", code, name)
		}
		p := newProblem(problem.Code(code), value["detail"].(string))
		for _, r := range tokens.Reasons() {
			if r.String() == value["reason"] {
				p = newCodeProblem(r)
			}
		}
		if at, ok := value["retry_at"].(float64); ok {
			p.RetryAt = int64(at)
		}
		rendered, err := json.Marshal(p)
		runtest.Must(t, err)
		documented, err := json.Marshal(value)
		runtest.Must(t, err)
		var a, b any
		if json.Unmarshal(rendered, &a) != nil || json.Unmarshal(documented, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("the example of %s is %s\nthe server sends %s", name, documented, rendered)
		}
	}
	if problems < 60 {
		t.Errorf("only %d examples of problems were found", problems)
	}
	// Codes that no documented route returns have no example.
	routeless := []problem.Code{account.AccountNotFound, rules.TicketsInvalid, rules.ChildAlone}
	for _, code := range Codes() {
		if !shown[code] && !slices.Contains(routeless, code) {
			t.Errorf("%s has no example", code)
		}
	}
}
