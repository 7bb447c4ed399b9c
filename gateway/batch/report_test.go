package batch

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

const oneReport = `{"serial":"20494-17","scope":"entry","passed":true}`

var readableReports = []struct {
	body, serial, scope string
	passed              bool
}{
	{oneReport, "20494-17", "entry", true},
	{`{"passed":false,"scope":"exit","serial":"1-0"}`, "1-0", "exit", false},
	{" {\n\"passed\" : true ,\t\"scope\":\"e\\u006etry\",\"serial\":\"\" } \r\n", "", "entry", true},
}

// The mark « precedes the position of the fault.
var refusedReports = []struct {
	marked string
	fault  Fault
}{
	{"«", Syntax}, {"«null", Syntax}, {"«[]", Syntax}, {"{«}", Missing},
	{`{"serial":"1-0","scope":"exit"«}`, Missing},
	{`{"serial":"1-0","passed":true«}`, Missing},
	{`{"scope":"exit","passed":true«}`, Missing},
	{`{"serial":"1-0","scope":"exit","passed":«1}`, Syntax},
	{`{"serial":"1-0","scope":"exit","passed":«"true"}`, Syntax},
	{`{"serial":"1-0","scope":"exit","passed":«null}`, Syntax},
	{`{"serial":"1-0","scope":"exit","passed":«True}`, Syntax},
	{`{"serial":"1-0","scope":"exit","passed":«tru`, Syntax},
	{`{"serial":"1-0","scope":"exit","passed":true«e}`, Syntax},
	{`{"serial":«17,"scope":"exit","passed":true}`, Syntax},
	{`{"serial":"1-0","scope":«null,"passed":true}`, Syntax},
	{`{"serial":"1-0","scope":"exit","passed":true,«"passed":true}`, Twice},
	{`{"serial":"1-0","scope":"exit","passed":true,«"at":1}`, Unknown},
	{`{"serial":"1-0","scope":"exit","passed":true}«x`, Syntax},
	{oneReport + "«" + oneReport, Syntax},
}

func TestReadReport(t *testing.T) {
	for _, c := range readableReports {
		got, refusal := ReadReport([]byte(c.body))
		if refusal != (Refusal{}) || string(got.Serial) != c.serial || string(got.Scope) != c.scope || got.Passed != c.passed {
			t.Errorf("%s: %+v, %s at %d", c.body, got, refusal.Fault, refusal.Offset)
		}
	}
	for _, c := range refusedReports {
		before, after, _ := strings.Cut(c.marked, "«")
		if _, got := ReadReport([]byte(before + after)); got != (Refusal{Fault: c.fault, Offset: len(before)}) {
			t.Errorf("%s: refused as %s at %d", c.marked, got.Fault, got.Offset)
		}
	}
	for n := range len(oneReport) {
		if _, got := ReadReport([]byte(oneReport[:n])); got.Fault != Syntax {
			t.Errorf("%q is refused as %s", oneReport[:n], got.Fault)
		}
	}
}

// FuzzReadReport compares with encoding/json: what is accepted has the same meaning there.
func FuzzReadReport(f *testing.F) {
	for _, c := range readableReports {
		f.Add([]byte(c.body))
	}
	for _, c := range refusedReports {
		f.Add([]byte(strings.Replace(c.marked, "«", "", 1)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		got, refusal := ReadReport(body)
		if refusal.Offset < 0 || refusal.Offset > len(sent) {
			t.Fatalf("%q: fault at %d of %d", sent, refusal.Offset, len(sent))
		}
		if refusal.Fault != NoFault {
			return
		}
		var want struct {
			Serial, Scope *string
			Passed        *bool
		}
		d := json.NewDecoder(bytes.NewReader(sent))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil || want.Serial == nil || want.Scope == nil || want.Passed == nil {
			t.Fatalf("encoding/json cannot read %q: %v", sent, err)
		}
		if _, err := d.Token(); err != io.EOF {
			t.Fatalf("%q: bytes after the end were accepted", sent)
		}
		if string(got.Serial) != *want.Serial || string(got.Scope) != *want.Scope || got.Passed != *want.Passed {
			t.Fatalf("%q: read %+v", sent, got)
		}
	})
}
