package passenger

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Password is that of every account of [Client.Register].
const Password = "kuaiche-fuxing-4711"

// Register registers an account for a person, and a window verifies the person by the original document. It returns
// the account's ID. login is a new login name; phone is a new mainland number.
func (c *Client) Register(ctx context.Context, p Person, login, phone, window string) (account string, err error) {
	policy, err := c.Policy(ctx)
	if err != nil {
		return "", err
	}
	form := p.Identity()
	maps.Copy(form, map[string]any{"login_name": login, "password": Password, "policy": policy, "phone": phone})
	var registered struct{ Account string }
	if err := c.Call(ctx, "register", http.MethodPost, "/v1/accounts", "", form, http.StatusCreated, &registered); err != nil {
		return "", err
	}
	entry := map[string]any{"account": registered.Account, "passenger": "holder"}
	var seen struct{ Version int64 }
	if err := c.Call(ctx, "look at an entry", http.MethodPost, "/v1/counter/looks", window, entry, http.StatusOK, &seen); err != nil {
		return "", err
	}
	maps.Copy(entry, map[string]any{"version": seen.Version, "original": true, "in_date": true, "readable": true, "matches": true})
	var verified struct{ Status string }
	err = c.Call(ctx, "verify an entry", http.MethodPost, "/v1/counter/verifications", window, entry, http.StatusOK, &verified)
	if err == nil && verified.Status != "verified" {
		err = fmt.Errorf("verify an entry: its status is not verified")
	}
	return registered.Account, err
}

// Ticket is a ticket of an account's holder, from Beijing South to Shanghai Hongqiao.
type Ticket struct {
	Reference   string // unique
	Account     string
	Train       string
	Departs     time.Time // whole seconds
	Coach, Seat string
}

// From and To are the stations of every [Ticket], as the ticketing system spells them.
const (
	From = "北京南"
	To   = "上海虹桥"
)

// Report returns the report that the ticket was bought, for POST /v1/tickets. The journey takes five hours.
func (t *Ticket) Report() map[string]any {
	arrives := t.Departs.Add(5 * time.Hour).Unix()
	journey := map[string]any{"train": t.Train, "from": From, "to": To, "departs_at": t.Departs.Unix(), "arrives_at": arrives, "coach": t.Coach, "seat": t.Seat}
	return map[string]any{"kind": "bought", "account": t.Account, "order": "O-" + t.Reference, "issued": []any{
		map[string]any{"reference": t.Reference, "passenger": "holder", "ends_at": arrives, "journey": journey}}}
}

// Cancelled returns the report that the railway cancelled the ticket's train.
func (t *Ticket) Cancelled() map[string]any {
	return map[string]any{"kind": "cancelled", "ticket": t.Reference}
}

// Tell sends a report about tickets, as a ticketing system does.
func (c *Client) Tell(ctx context.Context, report map[string]any, ticketing string) error {
	return c.Call(ctx, "report tickets", http.MethodPost, "/v1/tickets", ticketing, report, http.StatusNoContent, nil)
}
