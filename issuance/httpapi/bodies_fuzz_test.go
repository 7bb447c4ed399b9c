package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Whatever comes in as the body of any operation, the answer is documented and
// is no fault.
func FuzzBodies(f *testing.F) {
	w := newWorld(f, setup{checkTimeout: 20 * time.Millisecond})
	var all []described
	for _, d := range theContract(f).operations() {
		if d.body() != nil {
			all = append(all, d)
		}
	}
	s := w.scene()
	s.desk = w.openDesk()
	for route, d := range all {
		good := s.good(d)
		f.Add(uint8(route), marshal(good))
		for _, m := range formMutants(good) {
			if m.media == jsonMedia && len(m.body) < 1000 {
				f.Add(uint8(route), m.body)
			}
		}
	}
	f.Add(uint8(0), []byte(`{"name":"`+testName+`·\ud800\udc00"}`))
	f.Fuzz(func(t *testing.T, route uint8, body []byte) {
		w.t = t
		d := all[int(route)%len(all)]
		if body == nil {
			body = []byte{}
		}
		r := s.request(d, body)
		r.RemoteAddr = "192.0.2.1:1234"
		recorder := httptest.NewRecorder()
		w.api.Public().ServeHTTP(recorder, r)
		a := answer{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.Bytes()}
		theContract(t).hold(t, r, body, a)
		if a.Status >= 500 && a.Status != http.StatusGatewayTimeout { // of sandbox:timeout
			t.Fatalf("%s: answered %d %s", d.OperationID, a.Status, a.Body)
		}
		switch {
		case a.Status < 300 && usesUp[d.OperationID]:
			s = w.scene()
			s.desk = w.openDesk()
		case a.Status >= 400 && a.Status != http.StatusBadRequest:
			w.forgive() // or a lock would hide what comes after it
		}
	})
}
