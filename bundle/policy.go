package bundle

import (
	"fmt"

	"github.com/railgate/railgate/tokens"
)

// Action is what a device does with an answer in a state. The zero value denies. The numbers are wire values.
type Action uint8

// The actions.
const (
	Deny  Action = iota
	Flag         // judge, and ask for a second look
	Serve        // judge
	actionCount
)

var actionNames = [actionCount]string{"deny", "flag", "serve"}

func (a Action) String() string { return actionNames[a] }

// Mode is what a policy on second use or tickets does with a bad answer. The numbers are wire values.
type Mode uint8

// The modes. Passback calls them off, flag and deny, ticket calls them ignore, flag and require.
const (
	Off     Mode = iota
	Mark         // admit, and ask for a second look
	Enforce      // deny
	modeCount
)

// Policy is what one device may do offline. The gateway derives it from its settings.
type Policy struct {
	Device  string        // id in the gateway's settings, 1 to 64 bytes
	Station string        // name as the ticketing system spells it, at most 64 bytes; empty: none
	Scopes  tokens.Scopes // the uses it may check for; not empty

	// StaleAfter and ExpiredAfter are ages of the watermark, seconds; StaleAfter is the smaller one.
	StaleAfter, ExpiredAfter uint32
	// Stale and Expired are the actions from those ages on, Doubted that for a clock that is certainly wrong
	// while the time is known from the bundle and a steady clock.
	Stale, Expired, Doubted Action

	Passback        Mode
	Window          uint32 // how long a passage refuses the next, seconds; 0 exactly if Passback is Off
	PassbackLocal   Action // when only this device's own passages are certain
	PassbackUnknown Action // when not even the gateway knew the passages of the window

	Ticket        Mode
	Opens         uint32 // how long before departure a ticket admits at entry, seconds
	TicketUnknown Action // without bookings for the query
}

// policy appends the section of a policy.
func (w *writer) policy(p *Policy) {
	w.text(p.Device)
	w.text(p.Station)
	w.u8(uint8(p.Scopes))
	w.u32(p.StaleAfter)
	w.u32(p.ExpiredAfter)
	w.bytes([]byte{byte(p.Stale), byte(p.Expired), byte(p.Doubted)})
	w.u8(uint8(p.Passback))
	w.u32(p.Window)
	w.bytes([]byte{byte(p.PassbackLocal), byte(p.PassbackUnknown)})
	w.u8(uint8(p.Ticket))
	w.u32(p.Opens)
	w.u8(uint8(p.TicketUnknown))
}

func (r *reader) policy() *Policy {
	p := &Policy{Device: r.text(), Station: r.text(), Scopes: tokens.Scopes(r.u8()),
		StaleAfter: r.u32(), ExpiredAfter: r.u32(), Stale: Action(r.u8()), Expired: Action(r.u8()), Doubted: Action(r.u8()),
		Passback: Mode(r.u8()), Window: r.u32(), PassbackLocal: Action(r.u8()), PassbackUnknown: Action(r.u8()),
		Ticket: Mode(r.u8()), Opens: r.u32(), TicketUnknown: Action(r.u8())}
	r.require(p.check() == nil)
	return p
}

// check returns why a policy cannot be written.
func (p *Policy) check() error {
	switch {
	case len(p.Device) == 0 || len(p.Device) > maxDevice || len(p.Station) > maxDevice:
		return fmt.Errorf("bundle: the id of a device has 1 to %d bytes, the name of a station at most as many", maxDevice)
	case p.Scopes == 0 || p.Scopes&^tokens.AllScopes != 0:
		return fmt.Errorf("bundle: a device has no scopes, or unknown ones")
	case p.StaleAfter == 0 || p.ExpiredAfter <= p.StaleAfter:
		return fmt.Errorf("bundle: data becomes stale after more than 0 s and expires later")
	case p.Passback >= modeCount || p.Ticket >= modeCount || (p.Window == 0) != (p.Passback == Off):
		return fmt.Errorf("bundle: an unknown mode, or a window without passback")
	case max(p.Stale, p.Expired, p.Doubted, p.PassbackLocal, p.PassbackUnknown, p.TicketUnknown) >= actionCount:
		return fmt.Errorf("bundle: an unknown action")
	}
	return nil
}
