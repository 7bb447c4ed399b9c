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

// wantAnswer asserts that a response is no fault, and a problem if the request must fail.
// send has already checked it against the document.
func (w *system) wantAnswer(why string, a answer, mustFail bool) {
	w.t.Helper()
	if a.Status >= 500 {
		w.t.Errorf("%s: answered %d %s", why, a.Status, a.Body)
	}
	if mustFail && (a.Status < 400 || a.Header.Get("Content-Type") != "application/problem+json") {
		w.t.Errorf("%s: answered %d %s, want a problem", why, a.Status, a.Body)
	}
}

// For every operation, requests are generated from the document: one that must be accepted,
// many that fit its schema, and many that do not. Every response is documented and no fault.
// A request that does not fit is refused and changes nothing.
func TestGeneratedRequests(t *testing.T) {
	for i, d := range apiContract(t).operations() {
		t.Run(d.OperationID, func(t *testing.T) {
			w := newSystem(t, setup{})
			random := rand.New(rand.NewPCG(12306, uint64(i)))
			s := w.fixtureFor(d)
			var body []byte
			if d.body() != nil {
				body = marshal(s.validBody(d))
			}
			if a := w.send(s.request(d, body)); a.Status >= 300 && d.OperationID != "getReadiness" {
				t.Fatalf("the valid request was answered %d %s", a.Status, a.Body)
			}
			s = w.fixtureFor(d)
			wrongTokens(s, d, body)
			wrongIDs(s, d, body)
			switch d.OperationID {
			case "readAuditLog":
				wrongQueries(s, d)
			case "verifyAuditLog":
				wrongChainQueries(s, d)
			}
			if d.body() != nil {
				wrongForms(s, d)
				wrongFields(s, d)
				randomBodies(s, d, random)
			}
		})
	}
}

// wrongTokens sends tokens that do not authorize the operation.
func wrongTokens(s *fixture, d described, body []byte) {
	w := s.w
	if d.open() {
		return
	}
	zeros := strings.Repeat("0", 64)
	own := s.tokens(d)
	w.wantNoChange("wrong tokens", func() {
		for _, token := range []string{
			"", "x", "rga_" + zeros, "rgl_" + zeros, "rgs_" + zeros, "rgl_" + zeros + zeros, "rgl_\u00e9", strings.Repeat("a", 4000),
			s.traveller.Token, s.member.Token, w.staff, w.staffOf["agency"],
		} {
			if slices.Contains(own, token) {
				continue
			}
			r := s.request(d, body)
			r.Header.Set("Authorization", "Bearer "+token)
			w.wantAnswer("token "+token[:min(4, len(token))], w.send(r), true)
		}
		r := s.request(d, body)
		r.Header.Add("Authorization", r.Header.Get("Authorization"))
		w.wantAnswer("two tokens", w.send(r), true)
	})
}

// wrongIDs sends ids of objects that do not exist.
func wrongIDs(s *fixture, d described, body []byte) {
	if !strings.Contains(d.path, "{") {
		return
	}
	s.w.wantNoChange("wrong ids", func() {
		for _, id := range []string{
			"x", "app_" + strings.Repeat("0", 32), "ses_" + strings.Repeat("0", 32), "20494-999", "1-2147483648", "00-1", "é", "测试", "a·b", "a.b", "%", "a b", "a\nb", strings.Repeat("a", 2000),
		} {
			r := s.request(d, body)
			u, err := url.Parse(s.w.server.URL + strings.NewReplacer("{id}", url.PathEscape(id), "{serial}", url.PathEscape(id)).Replace(d.path))
			runtest.Must(s.w.t, err)
			r.URL = u
			s.w.wantAnswer(fmt.Sprintf("id %.20q", id), s.w.send(r), true)
		}
	})
}

// wrongQueries sends invalid queries, which are refused and not written to the audit log.
func wrongQueries(s *fixture, d described) {
	s.w.wantNoChange("wrong queries", func() {
		for _, query := range []string{
			"limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=1&limit=1", "limit=01", "limit=1.0", "limit=99999999999999999999", "from_ms=-1", "from_ms=+1",
			"to_ms=0", "from_ms=5&to_ms=5", "kind=credential", "object=1-1", "kind=other&object=1-1", "kind=credential&object=%C2%B7", "kind=account&object=" + testNumber,
			"kind=credential&object=" + strings.Repeat("1", 65), "after=x", "after=1-01", "after=-1-1", "unknown=1", "Limit=1", "limit=1;after=1", "%zz", "a=%00", "limit=1&%ff=1",
		} {
			r := s.request(d, nil)
			r.URL.RawQuery = query
			s.w.wantAnswer(query, s.w.send(r), true)
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

// wrongChainQueries is wrongQueries for the chain.
func wrongChainQueries(s *fixture, d described) {
	s.w.wantNoChange("wrong queries", func() {
		for _, query := range []string{
			"limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=1&limit=1", "limit=01", "limit=99999999999999999999", "after=", "after=-1", "after=+1", "after=00",
			"after=1.5", "after=9223372036854775807", "after=1-1", "after=0&after=0", "unknown=1", "After=1", "limit=1;after=1", "%zz", "limit=1&%ff=1",
		} {
			r := s.request(d, nil)
			r.URL.RawQuery = query
			s.w.wantAnswer(query, s.w.send(r), true)
		}
	})
}

func wrongForms(s *fixture, d described) {
	s.w.wantNoChange("wrong forms", func() {
		for _, m := range formMutants(s.validBody(d)) {
			s.w.wantAnswer(m.why, s.mutant(d, m), true)
		}
	})
}

// wrongFields sends mutants of each field: first those that do not fit the schema, then
// those that do.
func wrongFields(s *fixture, d described) {
	good := s.validBody(d)
	for _, field := range fields(d.body(), nil) {
		all := fieldMutants(good, d.body(), field)
		s.w.wantNoChange(strings.Join(field, "."), func() {
			for _, m := range all {
				if !fits(d.body(), m.body) {
					s.w.wantAnswer(m.why, s.mutant(d, m), true)
				}
			}
		})
		for _, m := range all {
			if fits(d.body(), m.body) {
				s.w.wantAnswer(m.why, s.mutant(d, m), false)
			}
		}
	}
}

// samples is the number of random bodies per operation.
const samples = 15

func randomBodies(s *fixture, d described, random *rand.Rand) {
	values := s.valuesFor(d)
	for _, field := range fields(d.body(), nil) { // use the document's example of a field without a value of the fixture
		name := field[len(field)-1]
		own := d.body()
		for _, f := range field {
			own = own.Properties[f].Value
		}
		if _, has := values[name]; !has && own.Example != nil {
			values[name] = own.Example
		}
	}
	for range samples {
		body := marshal(sample(random, "", d.body(), values))
		if !fits(d.body(), body) {
			s.w.t.Fatalf("the random body does not fit the schema: %s", body)
		}
		s.w.wantAnswer(string(body), s.mutant(d, mutant{"", body, jsonMedia}), false)
	}
}

// consumesFixture are the operations that change or delete objects of the fixture.
var consumesFixture = map[string]bool{
	"register": true, "editAccount": true, "closeAccount": true, "changePassword": true, "leave": true, "openSession": true, "reenter": true,
	"verifyPhone": true, "verifyOnline": true, "finishRecovery": true,
	"addPassenger": true, "editPassenger": true, "deletePassenger": true, "verify": true, "freeIdentity": true, "settle": true,
	"correct": true, "claimIdentity": true,
}

// mutant sends a mutant. If it changed the fixture, a new fixture replaces it.
func (s *fixture) mutant(d described, m mutant) answer {
	s.w.t.Helper()
	s.w.clearLockouts()
	r := s.request(d, m.body)
	r.Header.Del("Content-Type")
	if m.media != "" {
		r.Header.Set("Content-Type", m.media)
	}
	a := s.w.send(r)
	if a.Status < 300 && consumesFixture[d.OperationID] {
		*s = *s.w.fixtureFor(d)
	}
	return a
}
