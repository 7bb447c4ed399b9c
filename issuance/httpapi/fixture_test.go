package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// described is a documented operation.
type described struct {
	method, path string
	*openapi3.Operation
}

// operations lists the documented operations in a fixed order, except the face-check
// callback: package facecheck tests it against a document of its own.
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

// body returns the schema of the operation's body; nil if it has none.
func (d described) body() *openapi3.Schema {
	if d.RequestBody == nil {
		return nil
	}
	return d.RequestBody.Value.Content["application/json"].Schema.Value
}

// example returns the document's example of the body.
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

// fixture has a caller for each kind of request: a traveller without a login who has an
// approved application, a member with an application, and staff. Requests built from a
// schema use their ids and secrets.
type fixture struct {
	w         *system
	traveller *holder
	session   session
	member    *member
	registry  *registryFixture // only for operations of the registry
	handover  string           // an account code of the member, to be redeemed
	values    object           // values of body fields, by name
	amnesty   string           // id of an amnesty; only for endAmnesty
}

func (w *system) newFixture() *fixture {
	w.t.Helper()
	s := &fixture{w: w, traveller: w.apply(), member: w.join()}
	s.session = s.traveller.openHosted(s.traveller.passCheck())
	s.member.apply().passCheck()
	n := int(w.people.Add(1)) - 1
	s.values = object{
		"document_type": "resident_id", "document_number": number(n), "evidence": "sandbox:pass", "mode": "hosted",
		"check": s.traveller.passCheck(), "policy": testPolicy, "version": 1, "login_name": registration(n)["login_name"],
		"phone": "13800000001", "password": testPassword, "new_password": "battery staple 绿色",
		"verifier": strings.Repeat("v", 43), "challenge": strings.Repeat("c", 42) + "A",
	}
	return s
}

// valuesFor returns the field values that fit an operation.
func (s *fixture) valuesFor(d described) object {
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
	case "forgivePassages":
		v["serial"] = s.traveller.Serial
	case "makeAccountCode":
		v["client"] = ticketingName
	case "redeemAccountCode":
		v["code"] = s.handover
	}
	if d.ofRegistry() {
		maps.Copy(v, s.registry.values(d))
	}
	return v
}

// validBody returns a body that must be accepted.
func (s *fixture) validBody(d described) object {
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

// target returns the operation's path with existing ids.
func (s *fixture) target(d described) string {
	id := s.traveller.Application
	if strings.HasPrefix(d.path, "/v1/sessions/") {
		id = s.session.Session
	}
	if s.amnesty != "" {
		id = s.amnesty
	}
	if d.ofRegistry() {
		id = s.registry.pending.Passenger
	}
	return strings.NewReplacer("{id}", id, "{serial}", s.traveller.Serial).Replace(d.path)
}

// tokens returns the tokens that authorize an operation; none if it is open to all.
func (s *fixture) tokens(d described) (all []string) {
	if d.Security == nil {
		return nil
	}
	if d.ofRegistry() {
		return s.registry.tokens(d, s.member)
	}
	for _, way := range *d.Security {
		for scheme := range way {
			switch {
			case scheme == "access":
				all = append(all, s.traveller.Token)
			case scheme == "login" && !strings.Contains(d.path, "{id}"): // the ids are the traveller's
				all = append(all, s.member.Token)
			case scheme == "staff" && d.OperationID == "getPermissions":
				all = append(all, s.w.staff, s.w.staffOf[staff.Agency])
			case scheme == "staff" && d.forOperators():
				all = append(all, s.w.staffOf[staff.Operator])
			case scheme == "staff":
				all = append(all, s.w.staff)
			}
		}
	}
	return all
}

// forOperators reports whether only operators may call an operation.
func (d described) forOperators() bool {
	return slices.Contains([]string{"readAuditLog", "verifyAuditLog", "listKeys", "readStreams"}, d.OperationID)
}

// open reports whether an operation needs no token.
func (d described) open() bool {
	if d.Security == nil {
		return true
	}
	return slices.ContainsFunc(*d.Security, func(way openapi3.SecurityRequirement) bool { return len(way) == 0 })
}

// request returns a request as the fixture's caller would send it.
func (s *fixture) request(d described, body []byte) *http.Request {
	s.w.t.Helper()
	r, err := http.NewRequest(d.method, s.w.server.URL+s.target(d), nil)
	runtest.Must(s.w.t, err)
	if body != nil {
		fill(r, body)
		r.Header.Set("Content-Type", "application/json")
	}
	if all := s.tokens(d); len(all) > 0 && !d.open() {
		r.Header.Set("Authorization", "Bearer "+all[0])
	}
	return r
}

// fill gives a request a body that can be read twice: once to check it against the document.
func fill(r *http.Request, body []byte) {
	r.GetBody = func() (io.ReadCloser, error) { return readCloser{bytes.NewReader(body)}, nil }
	r.Body, _ = r.GetBody()
	r.ContentLength = int64(len(body))
}

func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("BUG: a test's body cannot be encoded: " + err.Error())
	}
	return raw
}

// registryFixture has the objects of the registry's operations: a verified member with a
// pending passenger, a pre-verified passenger and a ticket.
type registryFixture struct {
	w       *system
	member  *member
	pending entry
	waiting string // id of the pre-verified passenger
	ticket  string // reference of the ticket
	// owner claims the identity that squatter has; for claimIdentity only.
	owner, squatter *member
}

func (w *system) newRegistryFixture() *registryFixture {
	w.t.Helper()
	n := int(w.people.Add(2))
	d := &registryFixture{w: w, member: w.join(), ticket: fmt.Sprintf("D%d-0", n)}
	d.member.verifyAtCounter("holder")
	d.pending = d.member.addPassenger(resident(n - 1))
	d.waiting = d.member.addPassenger(visitor(n - 1)).Passenger
	w.by(staff.Window, "POST", "/v1/counter/verifications", d.member.counterResult(d.waiting, true))
	w.reportTickets(d.member.purchase(strings.TrimSuffix(d.ticket, "-0"), "holder"))
	return d
}

// fixtureFor returns a fixture for one operation. The registry's part is slow, and few
// operations need it.
func (w *system) fixtureFor(d described) *fixture {
	w.t.Helper()
	s := w.newFixture()
	if d.ofRegistry() {
		s.registry = w.newRegistryFixture()
		if d.OperationID == "redeemAccountCode" {
			s.handover = s.member.code()
		}
		s.registry.values(d) // creates the owner and squatter of a claim before the database is hashed
	}
	w.clearLockouts()
	switch d.OperationID {
	case "endAmnesty":
		station := fmt.Sprint("station ", w.people.Load())
		w.by(staff.Police, "POST", "/v1/amnesties", w.amnesty(station))
		for _, a := range as[struct {
			Amnesties []struct{ ID, Station string }
		}](w.t, w.by(staff.Police, "GET", "/v1/amnesties", nil), http.StatusOK).Amnesties {
			if a.Station == station {
				s.amnesty = a.ID
			}
		}
	case "verifyPhone":
		s.values["code"] = s.member.sendCode("13800000001")
	case "verifyOnline":
		s.member.verifyPhone("13800000001")
	case "finishRecovery":
		s.member.verifyPhone("13800000001")
		w.clearLockouts()
		s.values["recovery"], s.values["code"] = s.member.recovery("13800000001")
	}
	return s
}

// ofRegistry reports whether an operation needs the registry's fixture.
func (d described) ofRegistry() bool {
	return slices.Contains([]string{"ticketing", "counter", "authority"}, d.Tags[0]) || strings.HasPrefix(d.path, "/v1/account/passengers")
}

// tokens returns the tokens that authorize an operation of the registry. A member's own
// objects are authorized by that member's login; another member is authorized for their own.
func (k *registryFixture) tokens(d described, another *member) []string {
	of := k.w.staffOf
	switch d.Tags[0] {
	case "ticketing":
		return []string{of[staff.Ticketing]}
	case "counter":
		if d.OperationID == "correct" || d.OperationID == "claimIdentity" {
			return []string{of[staff.Window], k.w.staff}
		}
		return []string{of[staff.Window], k.w.staff, of[staff.Agency]}
	case "authority":
		return []string{of[staff.Authority]}
	}
	return []string{k.member.Token, another.Token}
}

// values returns the field values that fit an operation.
func (k *registryFixture) values(d described) object {
	v := object{
		"account": k.member.Account, "passenger": k.pending.Passenger, "for": []any{"holder"}, "ticket": k.ticket,
		"issued":          k.member.purchase(fmt.Sprintf("N%d", k.w.people.Load()), "holder")["issued"],
		"document_number": k.pending.Number, "version": k.pending.Version,
	}
	switch d.OperationID {
	case "addPassenger", "editPassenger":
		v["document_number"] = number(int(k.w.people.Add(1)) - 1)
	case "freeIdentity":
		v["document_number"] = k.member.form["document_number"]
	case "correct":
		v["passenger"], v["version"], v["name"] = k.waiting, 2, "Test Visitor"
		v["document_number"] = number(int(k.w.people.Add(1)) - 1)
		v["proof"] = object{"kind": "holder_number", "value": k.member.form["document_number"]}
	case "claimIdentity":
		if k.owner == nil {
			k.owner, k.squatter = k.w.join(), k.w.join()
		}
		v["account"], v["version"], v["name"], v["proof"] = k.owner.Account, 1, testName, k.owner.phoneEnd()
		v["document_number"] = k.squatter.form["document_number"]
	case "lookOfAuthority", "settle":
		v["passenger"], v["version"] = k.waiting, 2
	}
	return v
}

// itemMutants changes a list: it is too long, or one of its items is invalid.
func itemMutants(body object, list *openapi3.Schema, field []string) (all []mutant) {
	var items []any
	if err := json.Unmarshal(marshal(body[field[0]]), &items); err != nil || len(items) == 0 {
		return nil
	}
	what := strings.Join(field, ".")
	set := func(why string, value []any) {
		all = append(all, mutant{what + " " + why, marshal(changed(body, field, value)), jsonMedia})
	}
	set("is too long", slices.Repeat(items[:1], int(*list.MaxItems)+1))
	set("repeats", slices.Repeat(items[:1], 2))
	for _, other := range others {
		set("has an item "+other, []any{json.RawMessage(other)})
	}
	inner := list.Items.Value
	for _, name := range slices.Sorted(maps.Keys(inner.Properties)) {
		for _, m := range fieldMutants(items[0].(map[string]any), inner, []string{name}) {
			set("has an item whose "+m.why, []any{json.RawMessage(m.body)})
		}
	}
	return all
}
