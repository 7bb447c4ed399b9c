package batch

import (
	"fmt"
	"strings"
	"testing"
)

// bodyOf returns a body with the given scans.
func bodyOf(list ...string) string { return `{"scans":[` + strings.Join(list, ",") + `]}` }

const oneScan = `{"code":"RG1:A/B+C","scanned_at_ms":1771113600000}`

func bodyOfN(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"code":"RG1:%d","scanned_at_ms":%d}`, i, i)
	}
	return bodyOf(list...)
}

type wanted struct {
	text string
	at   int64
}

var readable = []struct {
	name, body string
	want       []wanted
}{
	{"one", bodyOf(oneScan), []wanted{{"RG1:A/B+C", 1771113600000}}},
	{"two", bodyOf(oneScan, `{"code":"b","scanned_at_ms":2}`), []wanted{{"RG1:A/B+C", 1771113600000}, {"b", 2}}},
	{"other order", bodyOf(`{"scanned_at_ms":2,"code":"b"}`), []wanted{{"b", 2}}},
	{"white space", " {\t\"scans\"\r\n: [ { \"code\" : \"b\" , \"scanned_at_ms\" : 2 } ,\n" + oneScan + " ] } \n", []wanted{{"b", 2}, {"RG1:A/B+C", 1771113600000}}},
	{"time 0", bodyOf(`{"code":"b","scanned_at_ms":0}`), []wanted{{"b", 0}}},
	{"most digits", bodyOf(`{"code":"b","scanned_at_ms":999999999999999}`), []wanted{{"b", 999999999999999}}},
	{"no text", bodyOf(`{"code":"","scanned_at_ms":1}`), []wanted{{"", 1}}},
	{"a text longer than any code", bodyOf(`{"code":"` + strings.Repeat("A", 5000) + `","scanned_at_ms":1}`), []wanted{{strings.Repeat("A", 5000), 1}}},
	{"escaped solidus", bodyOf(`{"code":"RG1:A\/B\u002BC\u002b","scanned_at_ms":1}`), []wanted{{"RG1:A/B+C+", 1}}},
	{"every short escape", bodyOf(`{"code":"\"\\\/\b\f\n\r\t.","scanned_at_ms":1}`), []wanted{{"\"\\/\b\f\n\r\t.", 1}}},
	{"escaped names", `{"\u0073cans":[{"c\u006fde":"b","scanned\u005Fat_ms":2}]}`, []wanted{{"b", 2}}},
	{"nothing but escapes", bodyOf(`{"code":"\u0052\u0047\u0031\u003a","scanned_at_ms":1}`), []wanted{{"RG1:", 1}}},
	{"a backslash that escapes the end", bodyOf(`{"code":"a\\","scanned_at_ms":1}`), []wanted{{`a\`, 1}}},
	{"another script", bodyOf(`{"code":"铁路 é 😀","scanned_at_ms":1}`), []wanted{{"铁路 é 😀", 1}}},
	{"another script, escaped", bodyOf(`{"code":"\u94c1\u8def \u00e9 \ud83d\ude00","scanned_at_ms":1}`), []wanted{{"铁路 é 😀", 1}}},
	{"escapes among another script", bodyOf(`{"code":"铁\/路\u002b","scanned_at_ms":1}`), []wanted{{"铁/路+", 1}}},
	{"half a pair", bodyOf(`{"code":"\ud83d","scanned_at_ms":1}`), []wanted{{"\ufffd", 1}}},
	{"half a pair and a letter", bodyOf(`{"code":"\ud83d\u0041\ude00b","scanned_at_ms":1}`), []wanted{{"\ufffdA\ufffdb", 1}}},
	{"two first halves", bodyOf(`{"code":"\ud83d\ud83d\ude00","scanned_at_ms":1}`), []wanted{{"\ufffd😀", 1}}},
	{"an escaped control character", bodyOf(`{"code":"\u0000\u001f","scanned_at_ms":1}`), []wanted{{"\x00\x1f", 1}}},
	{"delete", bodyOf("{\"code\":\"\x7f\",\"scanned_at_ms\":1}"), []wanted{{"\x7f", 1}}},
}

func TestRead(t *testing.T) {
	for _, c := range readable {
		t.Run(c.name, func(t *testing.T) {
			got, refusal := Read([]byte(c.body), nil)
			if refusal != (Refusal{}) {
				t.Fatalf("refused: %s at scan %d, offset %d", refusal.Fault, refusal.Scan, refusal.Offset)
			}
			if len(got) != len(c.want) {
				t.Fatalf("%d scans, want %d", len(got), len(c.want))
			}
			for i, w := range c.want {
				if string(got[i].Text) != w.text || got[i].AtMS != w.at || len(got[i].Upload) > 0 {
					t.Errorf("scan %d is %q at %d, upload %q; want %q at %d", i, got[i].Text, got[i].AtMS, got[i].Upload, w.text, w.at)
				}
			}
		})
	}
	if got, refusal := Read([]byte(bodyOfN(Max)), nil); refusal.Fault != NoFault || len(got) != Max || string(got[255].Text) != "RG1:255" {
		t.Errorf("the largest body: %d scans read, fault %s", len(got), refusal.Fault)
	}
}

// withUpload has bodies of one scan, "b" at 1, and its upload key.
var withUpload = []struct{ body, upload string }{
	{bodyOf(`{"code":"b","scanned_at_ms":1,"upload":"k"}`), "k"},
	{bodyOf(`{"upload":"\u0041-_9","code":"b","scanned_at_ms":1}`), "A-_9"},
	{bodyOf(`{"code":"b","upload":"` + strings.Repeat("z", MaxUpload) + `","scanned_at_ms":1}`), strings.Repeat("z", MaxUpload)},
}

func TestReadUploadKey(t *testing.T) {
	for _, c := range withUpload {
		got, refusal := Read([]byte(c.body), nil)
		if refusal != (Refusal{}) || len(got) != 1 || string(got[0].Text) != "b" || got[0].AtMS != 1 || string(got[0].Upload) != c.upload {
			t.Errorf("%s: %+v, %s at %d", c.body, got, refusal.Fault, refusal.Offset)
		}
	}
	// The key of one scan is not that of the next.
	got, _ := Read([]byte(bodyOf(`{"code":"b","scanned_at_ms":1,"upload":"k"}`, oneScan)), nil)
	if len(got) != 2 || got[1].Upload != nil {
		t.Errorf("%+v", got)
	}
}

// The mark « precedes the position of the fault; it is not part of the body.
var refused = []struct {
	name, marked string
	fault        Fault
	scan         int
}{
	{"nothing", "«", Syntax, 0},
	{"white space only", " \n«", Syntax, 0},
	{"byte order mark", "«\ufeff" + bodyOf(oneScan), Syntax, 0},
	{"a bare code", "«RG1:ABC", Syntax, 0},
	{"a list", "«[" + oneScan + "]", Syntax, 0},
	{"null", "«null", Syntax, 0},
	{"other white space", "{«\v\"scans\":[" + oneScan + "]}", Syntax, 0},
	{"a comment", "{«/**/\"scans\":[" + oneScan + "]}", Syntax, 0},
	{"no name", "{«}", Missing, 0},
	{"another name", `{«"scan":[` + oneScan + `]}`, Unknown, 0},
	{"a name in other case", `{«"Scans":[` + oneScan + `]}`, Unknown, 0},
	{"an empty name", `{«"":[]}`, Unknown, 0},
	{"a bare name", `{«scans:[]}`, Syntax, 0},
	{"no colon", `{"scans"«[` + oneScan + `]}`, Syntax, 0},
	{"the list is null", `{"scans":«null}`, Syntax, 0},
	{"the list is a scan", `{"scans":«` + oneScan + `}`, Syntax, 0},
	{"no scans", `{"scans":[ «]}`, Empty, 0},
	{"the list twice", `{"scans":[` + oneScan + `],«"scans":[` + oneScan + `]}`, Twice, 1},
	{"the list twice, once escaped", `{"scans":[` + oneScan + `],«"\u0073cans":[]}`, Twice, 1},
	{"another name after the list", `{"scans":[` + oneScan + `],«"x":1}`, Unknown, 1},
	{"a comma after the list", `{"scans":[` + oneScan + `],«}`, Syntax, 1},
	{"a comma after the last scan", `{"scans":[` + oneScan + `,«]}`, Syntax, 1},
	{"a comma before the first scan", `{"scans":[«,` + oneScan + `]}`, Syntax, 0},
	{"no comma between scans", `{"scans":[` + oneScan + `«` + oneScan + `]}`, Syntax, 1},
	{"bytes after the end", bodyOf(oneScan) + "«x", Syntax, 1},
	{"another body after the end", bodyOf(oneScan) + "\n«" + bodyOf(oneScan), Syntax, 1},
	{"a NUL after the end", bodyOf(oneScan) + "«\x00", Syntax, 1},
	{"one too many", strings.Replace(bodyOfN(Max+1), `{"code":"RG1:256"`, `«{"code":"RG1:256"`, 1), TooMany, Max},
	{"a null scan", bodyOf(oneScan, `«null`), Syntax, 1},
	{"a scan that is a text", bodyOf(`«"RG1:A"`), Syntax, 0},
	{"a list in the list", bodyOf(`«[` + oneScan + `]`), Syntax, 0},
	{"deep nesting", `{"scans":[«` + strings.Repeat("[", 100_000), Syntax, 0},
	{"deep nesting in a scan", bodyOf(`{"code":«{"code":{"code":{"code":1}}}}`), Syntax, 0},
	{"an empty scan", bodyOf(oneScan, `{«}`), Missing, 1},
	{"no time", bodyOf(oneScan, `{"code":"b"«}`), Missing, 1},
	{"no code", bodyOf(`{"scanned_at_ms":1«}`), Missing, 0},
	{"another name in a scan", bodyOf(`{"code":"b","scanned_at_ms":1,«"note":"x"}`), Unknown, 0},
	{"a name of a scan in other case", bodyOf(`{«"CODE":"b","scanned_at_ms":1}`), Unknown, 0},
	{"a name that begins alike", bodyOf(`{«"code\u0000":"b","scanned_at_ms":1}`), Unknown, 0},
	{"the code twice", bodyOf(`{"code":"b",«"code":"b","scanned_at_ms":1}`), Twice, 0},
	{"the time twice", bodyOf(oneScan, oneScan, `{"scanned_at_ms":1,"code":"b",«"scanned_at_ms":1}`), Twice, 2},
	{"a comma at the end of a scan", bodyOf(`{"code":"b","scanned_at_ms":1,«}`), Syntax, 0},
	{"a comma at the start of a scan", bodyOf(`{«,"code":"b","scanned_at_ms":1}`), Syntax, 0},
	{"no comma in a scan", bodyOf(`{"code":"b"«"scanned_at_ms":1}`), Syntax, 0},
	{"a code that is a number", bodyOf(`{"code":«1,"scanned_at_ms":1}`), Syntax, 0},
	{"a code that is null", bodyOf(`{"code":«null,"scanned_at_ms":1}`), Syntax, 0},
	{"a time that is a text", bodyOf(`{"code":"b","scanned_at_ms":«"1"}`), Number, 0},
	{"a time that is null", bodyOf(`{"code":"b","scanned_at_ms":«null}`), Number, 0},
	{"a time before 1970", bodyOf(`{"code":"b","scanned_at_ms":«-1}`), Number, 0},
	{"a plus", bodyOf(`{"code":"b","scanned_at_ms":«+1}`), Number, 0},
	{"a fraction", bodyOf(`{"code":"b","scanned_at_ms":«1.0}`), Number, 0},
	{"an exponent", bodyOf(`{"code":"b","scanned_at_ms":«1e3}`), Number, 0},
	{"a large exponent", bodyOf(`{"code":"b","scanned_at_ms":«1E3}`), Number, 0},
	{"a leading zero", bodyOf(`{"code":"b","scanned_at_ms":«01}`), Number, 0},
	{"two zeros", bodyOf(`{"code":"b","scanned_at_ms":«00}`), Number, 0},
	{"a digit too many", bodyOf(`{"code":"b","scanned_at_ms":«1000000000000000}`), Number, 0},
	{"no end of digits", `{"scans":[{"scanned_at_ms":«` + strings.Repeat("9", 100_000), Number, 0},
	{"a hexadecimal time", bodyOf(`{"code":"b","scanned_at_ms":0«x10}`), Syntax, 0},
	{"a time and a letter", bodyOf(`{"code":"b","scanned_at_ms":1«a}`), Syntax, 0},
	{"an empty upload key", bodyOf(`{"code":"b","scanned_at_ms":1,"upload":«""}`), Upload, 0},
	{"an upload key that is too long", bodyOf(oneScan, `{"code":"b","scanned_at_ms":1,"upload":«"`+strings.Repeat("z", MaxUpload+1)+`"}`), Upload, 1},
	{"an upload key of other characters", bodyOf(`{"code":"b","scanned_at_ms":1,"upload": «"a.b"}`), Upload, 0},
	{"an upload key of another script", bodyOf(`{"code":"b","scanned_at_ms":1,"upload":«"\u94c1"}`), Upload, 0},
	{"an upload key with a zero byte", bodyOf(`{"code":"b","scanned_at_ms":1,"upload":«"\u0000"}`), Upload, 0},
	{"an upload key that is a number", bodyOf(`{"code":"b","scanned_at_ms":1,"upload":«7}`), Syntax, 0},
	{"an upload key that is null", bodyOf(`{"code":"b","scanned_at_ms":1,"upload":«null}`), Syntax, 0},
	{"the upload key twice", bodyOf(`{"code":"b","upload":"k",«"upload":"k","scanned_at_ms":1}`), Twice, 0},
	{"an upload key and no time", bodyOf(`{"code":"b","upload":"k"«}`), Missing, 0},
	{"a line break in a code", bodyOf("{\"code\":\"RG1:A«\n\",\"scanned_at_ms\":1}"), Syntax, 0},
	{"a NUL after an escape", bodyOf("{\"code\":\"\\/«\x00\",\"scanned_at_ms\":1}"), Syntax, 0},
	{"an unknown escape", bodyOf(`{"code":"RG1:A«\x41","scanned_at_ms":1}`), Syntax, 0},
	{"an escape of another digit", bodyOf(`{"code":"«\u00g1","scanned_at_ms":1}`), Syntax, 0},
	{"a short escape of four", bodyOf(`{"code":"«\u002","scanned_at_ms":1}`), Syntax, 0},
	{"half a pair and a broken escape", bodyOf(`{"code":"\ud83d«\u00","scanned_at_ms":1}`), Syntax, 0},
	{"bytes that are not UTF-8", bodyOf("{\"code\":\"RG1:A«\xff\",\"scanned_at_ms\":1}"), Syntax, 0},
	{"half a character", bodyOf("{\"code\":\"«\xe9\x93\",\"scanned_at_ms\":1}"), Syntax, 0},
	{"a surrogate in UTF-8", bodyOf("{\"code\":\"«\xed\xa0\xbd\",\"scanned_at_ms\":1}"), Syntax, 0},
	{"a long form", bodyOf("{\"code\":\"«\xc0\xaf\",\"scanned_at_ms\":1}"), Syntax, 0},
	{"quotes of the other kind", bodyOf(`{«'code':'b','scanned_at_ms':1}`), Syntax, 0},
}

func TestMalformedBodiesAreRefused(t *testing.T) {
	faults := map[Fault]bool{NoFault: true}
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			before, after, marked := strings.Cut(c.marked, "«")
			if !marked {
				t.Fatal("the fault is not marked")
			}
			want := Refusal{Fault: c.fault, Scan: c.scan, Offset: len(before)}
			if _, got := Read([]byte(before+after), nil); got != want {
				t.Errorf("refused as %s at scan %d, offset %d; want %s at scan %d, offset %d",
					got.Fault, got.Scan, got.Offset, want.Fault, want.Scan, want.Offset)
			}
		})
		faults[c.fault] = true
	}
	for f := range faultCount {
		if !faults[f] {
			t.Errorf("no case has the fault %s", f)
		}
	}
}

// A truncated body is refused at its end, wherever it was cut.
func TestTruncatedBodyIsASyntaxFault(t *testing.T) {
	bodies := []string{bodyOf(oneScan, `{"scanned_at_ms":77,"code":"A\/\u002b\ud83d\ude00铁"}`) + "\n"}
	for _, body := range bodies {
		for n := range len(body) - 1 {
			_, got := Read([]byte(body[:n]), nil)
			if got.Fault != Syntax {
				t.Errorf("%q was refused as %s", body[:n], got.Fault)
			}
			// The fault of a cut escape or character is at its first byte.
			if got.Offset > n || got.Offset < n-6 {
				t.Errorf("%q: fault at %d of %d", body[:n], got.Offset, n)
			}
		}
	}
}

func TestMemoryIsReused(t *testing.T) {
	memory := make([]Scan, 0, Max)
	for range 2 {
		got, refusal := Read([]byte(bodyOfN(Max)), memory)
		if refusal.Fault != NoFault || &got[0] != &memory[:1][0] {
			t.Fatalf("%s, or the memory was not reused", refusal.Fault)
		}
	}
	got, refusal := Read([]byte(bodyOf(oneScan)), memory)
	if refusal.Fault != NoFault || len(got) != 1 || string(got[0].Text) != "RG1:A/B+C" {
		t.Errorf("a short body after a long one: %d scans", len(got))
	}
	// Appending to one text must not overwrite the next.
	if cap(got[0].Text) != len(got[0].Text) {
		t.Error("a text has capacity beyond its end, which belongs to the body")
	}
}
