package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// answered holds an answer to what every request may expect: send has held it to
// the document already.
func (w *system) answered(why string, a answer, mustFail bool) {
	w.t.Helper()
	if a.Status >= 500 {
		w.t.Errorf("%s: answered %d %s", why, a.Status, a.Body)
	}
	if mustFail && (a.Status < 400 || a.Header.Get("Content-Type") != "application/problem+json") {
		w.t.Errorf("%s: answered %d %s, and no problem", why, a.Status, a.Body)
	}
}

// Requests made from the document: for every operation one that must be taken,
// many that fit its schema, and many more that do not. Every answer is
// documented, none is a fault, and what does not fit is refused and changes
// nothing.
func TestRequestsMadeFromTheDocument(t *testing.T) {
	for i, d := range theContract(t).operations() {
		t.Run(d.OperationID, func(t *testing.T) {
			w := newSystem(t, setup{})
			random := rand.New(rand.NewPCG(12306, uint64(i)))
			s := w.sceneFor(d)
			var body []byte
			if d.body() != nil {
				body = marshal(s.good(d))
			}
			if a := w.send(s.request(d, body)); a.Status >= 300 && d.OperationID != "getReadiness" {
				t.Fatalf("the good request was answered %d %s", a.Status, a.Body)
			}
			s = w.sceneFor(d)
			wrongTokens(s, d, body)
			wrongIDs(s, d, body)
			if d.OperationID == "readAuditLog" {
				wrongQueries(s, d)
			}
			if d.body() != nil {
				wrongForms(s, d)
				wrongFields(s, d)
				chance(s, d, random)
			}
		})
	}
}

// wrongTokens are no way into an operation that needs one.
func wrongTokens(s *scene, d described, body []byte) {
	w := s.w
	if d.open() {
		return
	}
	zeros := strings.Repeat("0", 64)
	own := s.tokens(d)
	w.unmoved("wrong tokens", func() {
		for _, token := range []string{
			"", "x", "rga_" + zeros, "rgl_" + zeros, "rgs_" + zeros, "rgl_" + zeros + zeros, "rgl_\u00e9", strings.Repeat("a", 4000),
			s.traveller.Token, s.member.Token, w.staff, w.staffOf["agency"],
		} {
			if slices.Contains(own, token) {
				continue
			}
			r := s.request(d, body)
			r.Header.Set("Authorization", "Bearer "+token)
			w.answered("token "+token[:min(4, len(token))], w.send(r), true)
		}
		r := s.request(d, body)
		r.Header.Add("Authorization", r.Header.Get("Authorization"))
		w.answered("two tokens", w.send(r), true)
	})
}

// wrongIDs find nothing.
func wrongIDs(s *scene, d described, body []byte) {
	if !strings.Contains(d.path, "{") {
		return
	}
	s.w.unmoved("wrong ids", func() {
		for _, id := range []string{
			"x", "app_" + strings.Repeat("0", 32), "ses_" + strings.Repeat("0", 32), "20494-999", "1-2147483648", "00-1", "é", "测试", "a·b", "a.b", "%", "a b", "a\nb", strings.Repeat("a", 2000),
		} {
			r := s.request(d, body)
			u, err := url.Parse(s.w.server.URL + strings.NewReplacer("{id}", url.PathEscape(id), "{serial}", url.PathEscape(id)).Replace(d.path))
			runtest.Must(s.w.t, err)
			r.URL = u
			s.w.answered(fmt.Sprintf("id %.20q", id), s.w.send(r), true)
		}
	})
}

// wrongQueries are refused, and not even in the trail.
func wrongQueries(s *scene, d described) {
	s.w.unmoved("wrong queries", func() {
		for _, query := range []string{
			"limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=1&limit=1", "limit=01", "limit=1.0", "limit=99999999999999999999", "from_ms=-1", "from_ms=+1",
			"to_ms=0", "from_ms=5&to_ms=5", "kind=credential", "object=1-1", "kind=other&object=1-1", "kind=credential&object=%C2%B7", "kind=account&object=" + testNumber,
			"kind=credential&object=" + strings.Repeat("1", 65), "after=x", "after=1-01", "after=-1-1", "unknown=1", "Limit=1", "limit=1;after=1", "%zz", "a=%00", "limit=1&%ff=1",
		} {
			r := s.request(d, nil)
			r.URL.RawQuery = query
			s.w.answered(query, s.w.send(r), true)
		}
	})
	for _, query := range []string{"limit=1", "limit=500", "from_ms=0&to_ms=1", "kind=credential&object=" + s.traveller.Serial, "after=1-1", "from_ms=9223372036854775806"} {
		r := s.request(d, nil)
		r.URL.RawQuery = query
		if a := s.w.send(r); a.Status != http.StatusOK {
			s.w.t.Errorf("%s: answered %d %s", query, a.Status, a.Body)
		}
	}
}

func wrongForms(s *scene, d described) {
	s.w.unmoved("wrong forms", func() {
		for _, m := range formMutants(s.good(d)) {
			s.w.answered(m.why, s.mutant(d, m), true)
		}
	})
}

// wrongFields sends, field by field, first what does not fit, then what does.
func wrongFields(s *scene, d described) {
	good := s.good(d)
	for _, field := range fields(d.body(), nil) {
		all := fieldMutants(good, d.body(), field)
		s.w.unmoved(strings.Join(field, "."), func() {
			for _, m := range all {
				if !fits(d.body(), m.body) {
					s.w.answered(m.why, s.mutant(d, m), true)
				}
			}
		})
		for _, m := range all {
			if fits(d.body(), m.body) {
				s.w.answered(m.why, s.mutant(d, m), false)
			}
		}
	}
}

// samples is how many bodies chance makes for an operation.
const samples = 15

func chance(s *scene, d described, random *rand.Rand) {
	values := s.valuesFor(d)
	for _, field := range fields(d.body(), nil) { // the document's examples fit where no value is ours
		name := field[len(field)-1]
		own := d.body()
		for _, f := range field {
			own = own.Properties[f].Value
		}
		if _, ours := values[name]; !ours && own.Example != nil {
			values[name] = own.Example
		}
	}
	for range samples {
		body := marshal(sample(random, "", d.body(), values))
		if !fits(d.body(), body) {
			s.w.t.Fatalf("made a body that does not fit: %s", body)
		}
		s.w.answered(string(body), s.mutant(d, mutant{"", body, jsonMedia}), false)
	}
}

// usesUp are the operations that leave less of a scene than they found.
var usesUp = map[string]bool{
	"register": true, "editAccount": true, "closeAccount": true, "changePassword": true, "leave": true, "openSession": true, "reenter": true,
	"verifyPhone": true, "verifyOnline": true, "finishRecovery": true,
	"addPassenger": true, "editPassenger": true, "deletePassenger": true, "verify": true, "freeIdentity": true, "settle": true,
	"correct": true, "claimIdentity": true,
}

// mutant sends one. If it used up what the scene had, there is a new scene.
func (s *scene) mutant(d described, m mutant) answer {
	s.w.t.Helper()
	s.w.forgive()
	r := s.request(d, m.body)
	r.Header.Del("Content-Type")
	if m.media != "" {
		r.Header.Set("Content-Type", m.media)
	}
	a := s.w.send(r)
	if a.Status < 300 && usesUp[d.OperationID] {
		*s = *s.w.sceneFor(d)
	}
	return a
}
