package gateway

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/passage"
)

// Mode says whether something beyond the code is checked, and what a violation does. The zero value does not
// check.
type Mode uint8

// The modes.
const (
	ModeOff  Mode = iota // not checked: verdicts do not mention it
	ModeFlag             // admitted, and flagged in the verdict
	ModeDeny             // denied
	modeCount
)

// The names of the modes in settings.
var (
	passbackModes = [modeCount]string{"off", "flag", "deny"}
	ticketModes   = [modeCount]string{"ignore", "flag", "require"}
)

// Passback is the policy on second use of a code.
type Passback struct {
	Mode Mode
	// Window is how long a passage refuses another one of its credential in the same way, unless one in the
	// other way followed it: passage.CodeLife to passage.MaxWindow. 0: passage.CodeLife.
	Window time.Duration
	// Confirm is set for gates that report the turn of their barrier (POST /v1/passages): a scan holds the
	// code, and the report uses it up.
	Confirm bool
	// Unknown is the action while passages of the last window are unknown or have no room in the table; Local
	// while those of other gateways are.
	Unknown, Local Action
}

// DefaultPassback is off. Switched on, it continues to serve with what the gateway knows, flagged.
var DefaultPassback = Passback{Window: passage.CodeLife * time.Millisecond, Unknown: Flag, Local: Flag}

// PassbackEntry is a Passback as configured; an empty field keeps the default.
type PassbackEntry struct {
	Mode    string        `toml:"mode" doc:"second use of a code at entry and exit: off (not checked), flag (admit, and set flagged in the verdict) or deny"`
	Window  time.Duration `toml:"window" doc:"how long a passage refuses another one of the same credential in the same direction, 2m5s to 24h, unless one in the other direction followed; 0: inherited, else 2m5s, the life of a code"`
	Confirm bool          `toml:"confirm" doc:"true for gates that report the turn of their barrier (POST /v1/passages); a hold that is not confirmed within 10s is released"`
	Unknown string        `toml:"unknown" doc:"serve, flag or deny while the passages of the last window are not read, or the table is full"`
	Local   string        `toml:"local" doc:"serve, flag or deny while passages cannot be exchanged with other gateways"`
}

// Entry returns the policy as it would be configured.
func (p Passback) Entry() PassbackEntry {
	return PassbackEntry{passbackModes[p.Mode], p.Window, p.Confirm, p.Unknown.String(), p.Local.String()}
}

// With returns the policy with the entry's fields in place of its own. Confirm can only be switched on.
func (p Passback) With(e PassbackEntry) (Passback, error) {
	var faults []error
	faults = append(faults, setMode(&p.Mode, "mode", e.Mode, passbackModes), setAction(&p.Unknown, "unknown", e.Unknown),
		setAction(&p.Local, "local", e.Local))
	if e.Window != 0 {
		p.Window = e.Window
	}
	if ms := p.Window.Milliseconds(); ms < passage.CodeLife || ms > passage.MaxWindow {
		faults = append(faults, errors.New("window must be 2m5s to 24h"))
	}
	p.Confirm = p.Confirm || e.Confirm
	return p, errors.Join(faults...)
}

// Ticket is the policy on tickets.
type Ticket struct {
	Mode Mode
	// Opens is how long before the departure a ticket admits, at least a minute. 0: DefaultTicket's.
	Opens time.Duration
	// Unknown is the action while there is no usable booking data.
	Unknown Action
}

// DefaultTicket ignores tickets. Our choice for Opens: passengers may enter a station half a day ahead, and a
// ticket of another day does not admit.
var DefaultTicket = Ticket{Opens: 12 * time.Hour, Unknown: Flag}

// TicketEntry is a Ticket as configured; an empty field keeps the default.
type TicketEntry struct {
	Mode    string        `toml:"mode" doc:"tickets at entry, exit, verify and onboard: ignore (not looked up), flag (admit, and set flagged in the verdict) or require"`
	Opens   time.Duration `toml:"opens" doc:"how long before the departure a ticket admits, 1m to 24h; 0: inherited, else 12h"`
	Unknown string        `toml:"unknown" doc:"serve, flag or deny while there is no usable booking data"`
}

// Entry returns the policy as it would be configured.
func (t Ticket) Entry() TicketEntry {
	return TicketEntry{ticketModes[t.Mode], t.Opens, t.Unknown.String()}
}

// With returns the policy with the entry's fields in place of its own.
func (t Ticket) With(e TicketEntry) (Ticket, error) {
	faults := []error{setMode(&t.Mode, "mode", e.Mode, ticketModes), setAction(&t.Unknown, "unknown", e.Unknown)}
	if e.Opens != 0 {
		t.Opens = e.Opens
	}
	if t.Opens < time.Minute || t.Opens > booking.MaxOpens*time.Second {
		faults = append(faults, errors.New("opens must be 1m to 24h"))
	}
	return t, errors.Join(faults...)
}

// setMode sets the mode that is configured as name; an empty name leaves it.
func setMode(m *Mode, setting, name string, names [modeCount]string) error {
	i := slices.Index(names[:], name)
	if i < 0 && name != "" {
		return fmt.Errorf("%s must be %s, %s or %s", setting, names[ModeOff], names[ModeFlag], names[ModeDeny])
	}
	if i >= 0 {
		*m = Mode(i)
	}
	return nil
}

// setAction sets the action that is configured as name; an empty name leaves it.
func setAction(a *Action, setting, name string) error {
	i := slices.Index(actionNames[:], name)
	if i < 0 && name != "" {
		return fmt.Errorf("%s must be serve, flag or deny", setting)
	}
	if i >= 0 {
		*a = Action(i)
	}
	return nil
}
