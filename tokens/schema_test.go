package tokens_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestVectorSchema validates every vector, and expects the schema to refuse changed vectors.
func TestVectorSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/vector.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
	paths, err := filepath.Glob(vectorDir + "/*.json")
	if err != nil || len(paths) < fewest {
		t.Fatalf("%d vectors: %v", len(paths), err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(string(file)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}

	file, err := os.ReadFile(vectorDir + "/ok.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`"name": "ok"`, `"name": "OK"`},
		{`"now": `, `"then": 1, "now": `},
		{`"now": 1770682050`, `"now": 1770682050.5`},
		{`"now": 1770682050`, `"now": "1770682050"`},
		{`"scope": "entry"`, `"scope": "Entry"`},
		{`"id": 1`, `"id": 65536`},
		{`"public": "3`, `"public": "3a`},
		{`"id": 1`, `"id": 1, "cut_of": 1`},
		{`"id": 1`, `"id": 1, "exempt": ["20494-01042"]`},
		{`"expect": {`, `"revoked": [], "expect": {`},
		{`"expect": {`, `"subject_cut_offs": [{"subject": "7353bb6ba2a285af"}], "expect": {`},
		{`"expect": {`, `"closed_sessions": [{"serial": "20494-1042", "start": "now"}], "expect": {`},
		{`"reason": "ok"`, `"reason": "revoked"`},
		{`"class": "ok"`, `"class": "fine"`},
		{`"index": 1042`, `"index": 4294967296`},
		{`"step": 7`, `"steps": 7`},
	} {
		bent := strings.Replace(string(file), c[0], c[1], 1)
		if bent == string(file) {
			t.Fatalf("ok.json has no %s", c[0])
		}
		if valid(bent) == nil {
			t.Errorf("the schema accepts %s in place of %s", c[1], c[0])
		}
	}
}
