package batch

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
	"unicode/utf8"
)

var integer = regexp.MustCompile(`^(0|[1-9][0-9]{0,14})$`)

var uploadKey = regexp.MustCompile(`\A[0-9A-Za-z_-]{1,64}\z`)

// reference is the plain implementation: the same rules on the tokens of encoding/json.
func reference(body []byte) (list []Scan, ok bool) {
	if !json.Valid(body) || !utf8.Valid(body) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	next := func() json.Token { t, _ := d.Token(); return t }
	if next() != json.Delim('{') || next() != "scans" || next() != json.Delim('[') {
		return nil, false
	}
	for d.More() {
		if next() != json.Delim('{') {
			return nil, false
		}
		var s Scan
		seen := map[string]bool{}
		for d.More() {
			name, _ := next().(string)
			if seen[name] {
				return nil, false
			}
			seen[name] = true
			switch value := next().(type) {
			case string:
				switch name {
				case "code":
					s.Text = []byte(value)
				case "upload":
					if !uploadKey.MatchString(value) {
						return nil, false
					}
					s.Upload = []byte(value)
				default:
					return nil, false
				}
			case json.Number:
				if name != "scanned_at_ms" || !integer.MatchString(value.String()) {
					return nil, false
				}
				s.AtMS, _ = value.Int64()
			default:
				return nil, false
			}
		}
		if next(); !seen["code"] || !seen["scanned_at_ms"] {
			return nil, false
		}
		list = append(list, s)
	}
	return list, next() == json.Delim(']') && next() == json.Delim('}') && len(list) > 0 && len(list) <= Max
}

// byEncodingJSON is a second reference: the body as encoding/json decodes it.
func byEncodingJSON(t *testing.T, body []byte) (list []Scan) {
	var read struct {
		Scans []struct {
			Code   string `json:"code"`
			AtMS   int64  `json:"scanned_at_ms"`
			Upload string `json:"upload"`
		} `json:"scans"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&read); err != nil {
		t.Fatalf("encoding/json cannot read %q: %v", body, err)
	}
	for _, s := range read.Scans {
		list = append(list, Scan{[]byte(s.Code), s.AtMS, []byte(s.Upload)})
	}
	return list
}

func same(a, b []Scan) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i].Text, b[i].Text) || a[i].AtMS != b[i].AtMS || !bytes.Equal(a[i].Upload, b[i].Upload) {
			return false
		}
	}
	return true
}

func compareWithReference(t *testing.T, body []byte) {
	t.Helper()
	sent := bytes.Clone(body)
	want, ok := reference(sent)
	got, refusal := Read(body, nil)
	if (refusal.Fault == NoFault) != ok {
		t.Fatalf("%q: %s at %d, the reference says %v", sent, refusal.Fault, refusal.Offset, ok)
	}
	if refusal.Offset < 0 || refusal.Offset > len(sent) || refusal.Scan != len(got) && refusal.Fault != NoFault {
		t.Fatalf("%q: fault at %d of %d, scan %d of %d", sent, refusal.Offset, len(sent), refusal.Scan, len(got))
	}
	if ok && (!same(got, want) || !same(got, byEncodingJSON(t, sent))) {
		t.Fatalf("%q: read %+v, the reference %+v", sent, got, want)
	}
}

func bodies() (all [][]byte) {
	for _, c := range readable {
		all = append(all, []byte(c.body))
	}
	for _, c := range withUpload {
		all = append(all, []byte(c.body))
	}
	for _, c := range refused {
		all = append(all, bytes.Replace([]byte(c.marked), []byte("«"), nil, 1))
	}
	return append(all, []byte(bodyOfN(Max)), []byte(bodyOfN(Max+1)))
}

func TestReadAgreesWithTheReference(t *testing.T) {
	for _, body := range bodies() {
		compareWithReference(t, body)
	}
}

func FuzzRead(f *testing.F) {
	for _, body := range bodies() {
		if len(body) < 2000 {
			f.Add(body)
		}
	}
	f.Fuzz(compareWithReference)
}

// Every byte value at every position in and around a word, before bytes that a borrow
// could affect.
func TestIsPlainAgreesWithPlain(t *testing.T) {
	for length := range 73 {
		s := bytes.Repeat([]byte{'A'}, length)
		for i := range s {
			for c := range 256 {
				if c == '"' {
					continue // callers of isPlain exclude quotes
				}
				s[i] = byte(c)
				for _, after := range []byte{'A', ' ', '!', '\\', 0, 0x1f, 0x7f, 0x80, 0xff} {
					if i+1 < length {
						s[i+1] = after
					}
					if got, want := isPlain(s), plain(s) == len(s); got != want {
						t.Fatalf("%q: %v, byte by byte %v", s, got, want)
					}
				}
				if i+1 < length {
					s[i+1] = 'A'
				}
			}
			s[i] = 'A'
		}
	}
}
