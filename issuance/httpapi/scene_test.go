package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/staff"
)

// described is an operation of the document.
type described struct {
	method, path string
	*openapi3.Operation
}

// operations lists what the document describes, in a fixed order, but for the
// callback: package remote holds it to a document of its own.
func (c *contract) operations() (all []described) {
	items := c.doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(items)) {
		of := items[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(of)) {
			if of[method].OperationID != "calledBack" {
				all = append(all, described{method, path, of[method]})
			}
		}
	}
	return all
}

// body is the schema of what the operation reads; nil: nothing.
func (d described) body() *openapi3.Schema {
	if d.RequestBody == nil {
		return nil
	}
	return d.RequestBody.Value.Content["application/json"].Schema.Value
}

// example is what the document shows of the body.
func (d described) example() object {
	media := d.RequestBody.Value.Content["application/json"]
	shown := media.Example
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		if shown == nil {
			shown = media.Examples[name].Value.Value
		}
	}
	return maps.Clone(shown.(object))
}

// scene is somebody for each kind of request: a traveller who is not logged in
// and is approved, a member with an application, staff. Requests made from a
// schema take the ids and secrets of these.
type scene struct {
	w         *world
	traveller *holder
	session   session
	member    *member
	desk      *desk  // for the registry's operations only
	handover  string // an account code of the member, for the operation that redeems one
	values    object // for the fields of bodies, by name
}

func (w *world) scene() *scene {
	w.t.Helper()
	s := &scene{w: w, traveller: w.apply(), member: w.join()}
	s.session = s.traveller.host(s.traveller.pass())
	s.member.apply().pass()
	n := int(w.people.Add(1)) - 1
	s.values = object{
		"document_type": "resident_id", "document_number": number(n), "evidence": "sandbox:pass", "mode": "hosted",
		"check": s.traveller.pass(), "policy": testPolicy, "version": 1, "login_name": registration(n)["login_name"],
		"phone": "13800000001", "password": testPassword, "new_password": "battery staple 绿色",
		"verifier": strings.Repeat("v", 43), "challenge": strings.Repeat("c", 42) + "A",
	}
	return s
}

// valuesFor are those that fit an operation.
func (s *scene) valuesFor(d described) object {
	v := maps.Clone(s.values)
	switch d.OperationID {
	case "reenter":
		v["document_number"] = s.traveller.Number
	case "logIn":
		v["login_name"] = s.member.LoginName
	case "editAccount":
		v["document_number"] = s.member.form["document_number"]
	case "identify":
		v["code"] = s.w.codeOf(s.traveller, s.session)
	case "makeAccountCode":
		v["client"] = ticketingName
	case "redeemAccountCode":
		v["code"] = s.handover
	}
	if d.ofRegistry() {
		maps.Copy(v, s.desk.values(d))
	}
	return v
}

// good is a body that must be taken.
func (s *scene) good(d described) object {
	body := d.example()
	for name, value := range s.valuesFor(d) {
		if _, shown := body[name]; shown {
			body[name] = value
		}
	}
	if body["mode"] == "hosted" {
		delete(body, "anchor")
	}
	return body
}

// target is the operation's path with real ids.
func (s *scene) target(d described) string {
	id := s.traveller.Application
	if strings.HasPrefix(d.path, "/v1/sessions/") {
		id = s.session.Session
	}
	if d.ofRegistry() {
		id = s.desk.pending.Passenger
	}
	return strings.NewReplacer("{id}", id, "{serial}", s.traveller.Serial).Replace(d.path)
}

// tokens are the secrets that open an operation; none: it is open to all.
func (s *scene) tokens(d described) (all []string) {
	if d.Security == nil {
		return nil
	}
	if d.ofRegistry() {
		return s.desk.tokens(d, s.member)
	}
	for _, way := range *d.Security {
		for scheme := range way {
			switch {
			case scheme == "access":
				all = append(all, s.traveller.Token)
			case scheme == "login" && !strings.Contains(d.path, "{id}"): // the traveller's are not the member's
				all = append(all, s.member.Token)
			case scheme == "staff" && d.OperationID == "readTrail":
				all = append(all, s.w.staffOf[staff.Operator])
			case scheme == "staff":
				all = append(all, s.w.staff)
			}
		}
	}
	return all
}

// open reports whether an operation needs no token.
func (d described) open() bool {
	if d.Security == nil {
		return true
	}
	return slices.ContainsFunc(*d.Security, func(way openapi3.SecurityRequirement) bool { return len(way) == 0 })
}

// request makes one as the scene's people would send it.
func (s *scene) request(d described, body []byte) *http.Request {
	s.w.t.Helper()
	r, err := http.NewRequest(d.method, s.w.server.URL+s.target(d), nil)
	if err != nil {
		s.w.t.Fatal(err)
	}
	if body != nil {
		fill(r, body)
		r.Header.Set("Content-Type", "application/json")
	}
	if all := s.tokens(d); len(all) > 0 && !d.open() {
		r.Header.Set("Authorization", "Bearer "+all[0])
	}
	return r
}

// fill gives a request a body that can be read twice: once to hold it to the
// document.
func fill(r *http.Request, body []byte) {
	r.GetBody = func() (io.ReadCloser, error) { return readCloser{bytes.NewReader(body)}, nil }
	r.Body, _ = r.GetBody()
	r.ContentLength = int64(len(body))
}

func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("BUG: a test's body does not encode: " + err.Error())
	}
	return raw
}
