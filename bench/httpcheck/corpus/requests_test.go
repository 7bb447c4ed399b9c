package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

var now = time.Unix(tokentest.Epoch, 0)

// readRequest parses one request as a server does and checks its length.
func readRequest(t *testing.T, raw []byte) (*http.Request, []byte) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(raw))
	r, err := http.ReadRequest(in)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if in.Buffered() > 0 || int64(len(body)) != r.ContentLength {
		t.Fatalf("a body has %d bytes, its Content-Length is %d, and %d bytes follow it", len(body), r.ContentLength, in.Buffered())
	}
	return r, body
}

func TestSingleRequestContainsOneCode(t *testing.T) {
	d := Singles(NewSessions(3, 0).Codes(now), Stranger, Allowed)
	r, body := readRequest(t, d.Next())
	var token tokens.Token
	if r.Method != "POST" || r.URL.String() != "/v1/check?scope=entry" || r.Header.Get("Authorization") != "Bearer "+Stranger ||
		token.ParseText(body) != tokens.ReasonOK {
		t.Errorf("%s %s with %d bytes", r.Method, r.URL, len(body))
	}
}

func TestBatchRequestContainsAllItsCodes(t *testing.T) {
	codes := NewSessions(10, 0).Codes(now)
	d := Batches(codes, 4, now)
	if d.Len() != 2 || d.Tokens != 4 {
		t.Fatalf("%d requests of %d codes, want 2 of 4: codes that do not fill a request are omitted", d.Len(), d.Tokens)
	}
	for n := range 2 {
		r, body := readRequest(t, d.Next())
		var batch struct {
			Scans []struct {
				Code      string `json:"code"`
				ScannedAt int64  `json:"scanned_at_ms"`
			} `json:"scans"`
		}
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&batch); err != nil || len(batch.Scans) != 4 || r.URL.Path != "/v1/checks" {
			t.Fatalf("%s: %d scans, %v", r.URL, len(batch.Scans), err)
		}
		for i, scan := range batch.Scans {
			if scan.Code != codes[4*n+i].Text() || scan.ScannedAt != now.UnixMilli() {
				t.Errorf("request %d, scan %d has the wrong code", n, i)
			}
		}
	}
}

func TestRequestsAreSentInTurnOrOnce(t *testing.T) {
	d := Texts([]string{"a", "b", "c"}, Gate)
	drawn := func(d *Requests, n int) (all string) {
		for range n {
			if r := d.Next(); r == nil {
				all += "-"
			} else {
				all += string(r[len(r)-1])
			}
		}
		return all
	}
	for _, c := range []struct {
		name     string
		requests *Requests
		want     string
	}{{"in turn", d, "abcabca"}, {"once", d.Through(), "abc----"}, {"cut", d.First(2), "ab-----"}, {"cut beyond the end", d.First(9), "abc----"}} {
		if got := drawn(c.requests, 7); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	mixed := drawn(Shuffle(1, d, Texts([]string{"x", "y"}, Gate)), 7)
	for _, letter := range "abcxy" {
		if strings.Count(mixed, string(letter)) != 1 {
			t.Errorf("shuffled: %s", mixed)
		}
	}
}

func TestOnlyTheCorrectAnswerIsAccepted(t *testing.T) {
	const (
		yes   = `{"verdict":"allow","reason":"ok","class":"ok"}`
		no    = `{"verdict":"deny","reason":"bad_signature","class":"fraud"}`
		stale = `{"verdict":"deny","reason":"code_stale","class":"passenger"}`
	)
	four := func(a load.Answer) error { return allAllowed(a, 4) }
	for _, c := range []struct {
		name   string
		judge  func(load.Answer) error
		status int
		body   string
		want   error
	}{
		{"allowed", Allowed, 200, yes, nil},
		{"denied", Allowed, 200, no, errNotAllow},
		{"allowed for another reason", Allowed, 200, strings.Replace(yes, `"ok"`, `"no"`, 1), errNotAllow},
		{"no device", Allowed, 401, yes, errNotOK},
		{"busy", Allowed, 503, yes, openloop.ErrDeclined},
		{"forged and refused", Forged, 200, no, nil},
		{"forged and admitted", Forged, 200, yes, errNotDeny},
		{"forged and refused for another reason", Forged, 200, stale, errNotDeny},
		{"forged, busy", Forged, 503, "", openloop.ErrDeclined},
		{"either, admitted", either, 200, yes, nil},
		{"either, refused", either, 200, no, nil},
		{"either, busy", either, 503, "", openloop.ErrDeclined},
		{"either, refused for another reason", either, 200, stale, errNotDeny},
		{"four admitted", four, 200, `{"verdicts":[` + strings.Repeat(yes+",", 3) + yes + `]}`, nil},
		{"three of four", four, 200, `{"verdicts":[` + strings.Repeat(yes+",", 2) + yes + `]}`, errCount},
		{"one of four denied", four, 200, `{"verdicts":[` + strings.Repeat(yes+",", 3) + no + `]}`, errNotAllow},
		{"a single verdict", four, 200, yes, errCount},
		{"a batch, busy", four, 503, "", openloop.ErrDeclined},
	} {
		if err := c.judge(load.Answer{Status: c.status, Body: []byte(c.body)}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
