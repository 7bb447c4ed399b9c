package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/staff"
)

// desk is what the registry's operations are about in a scene: a verified member
// with a pending passenger, a pre-verified one and a ticket.
type desk struct {
	w       *world
	member  *member
	pending entry
	waiting string // its passenger
	ticket  string // its reference
	// owner claims the identity that robber has; for claimIdentity only.
	owner, robber *member
}

func (w *world) openDesk() *desk {
	w.t.Helper()
	n := int(w.people.Add(2))
	d := &desk{w: w, member: w.join(), ticket: fmt.Sprintf("D%d-0", n)}
	d.member.checked("holder")
	d.pending = d.member.adds(resident(n - 1))
	d.waiting = d.member.adds(visitor(n - 1)).Passenger
	w.by(staff.Window, "POST", "/v1/counter/verifications", d.member.verdict(d.waiting, true))
	w.reports(d.member.buys(strings.TrimSuffix(d.ticket, "-0"), "holder"))
	return d
}

// sceneFor is a scene for one operation: the desk takes time and few need it.
func (w *world) sceneFor(d described) *scene {
	w.t.Helper()
	s := w.scene()
	if d.ofRegistry() {
		s.desk = w.openDesk()
		if d.OperationID == "redeemAccountCode" {
			s.handover = s.member.code()
		}
		s.desk.values(d) // what a claim is about must be there before anything is compared
	}
	w.forgive()
	switch d.OperationID {
	case "verifyPhone":
		s.values["code"] = s.member.sendCode("13800000001")
	case "verifyOnline":
		s.member.verifyPhone("13800000001")
	case "finishRecovery":
		s.member.verifyPhone("13800000001")
		w.forgive()
		s.values["recovery"], s.values["code"] = s.member.recovery("13800000001")
	}
	return s
}

// ofRegistry reports whether an operation is about the desk.
func (d described) ofRegistry() bool {
	return slices.Contains([]string{"ticketing", "counter", "authority"}, d.Tags[0]) || strings.HasPrefix(d.path, "/v1/account/passengers")
}

// tokens are the secrets that open an operation of the registry; what is the
// member's own, another member opens for himself.
func (k *desk) tokens(d described, another *member) []string {
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

// values are those for the fields of bodies.
func (k *desk) values(d described) object {
	v := object{
		"account": k.member.Account, "passenger": k.pending.Passenger, "for": []any{"holder"}, "ticket": k.ticket,
		"issued":          k.member.buys(fmt.Sprintf("N%d", k.w.people.Load()), "holder")["issued"],
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
			k.owner, k.robber = k.w.join(), k.w.join()
		}
		v["account"], v["version"], v["name"], v["proof"] = k.owner.Account, 1, testName, k.owner.phoneEnd()
		v["document_number"] = k.robber.form["document_number"]
	case "lookOfAuthority", "settle":
		v["passenger"], v["version"] = k.waiting, 2
	}
	return v
}

// itemMutants change a list: it is too long, or one of its items is not as it must
// be.
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
