package registry

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// Principal says who acts, for the role and the trail.
type Principal struct {
	By      staff.Member
	Request string // the id of the request; may be empty
}

// counter is the counter that the member's role makes it: nobody says of himself
// that he is a station window. Who is no counter is refused.
func (a Principal) counter() (rules.Actor, error) {
	role, err := a.By.As(staff.VerifyResident) // what every counter may do
	if err != nil {
		return 0, err
	}
	if role == staff.Window {
		return rules.Window, nil
	}
	return rules.Agency, nil
}

// serves is the counter or machine whose services the member asks about; only
// those that may exchange tickets may do any service.
func (a Principal) serves() (rules.Actor, error) {
	role, err := a.By.As(staff.ExchangeTicket)
	if err != nil {
		return 0, err
	}
	switch role {
	case staff.Window:
		return rules.Window, nil
	case staff.Agency:
		return rules.Agency, nil
	}
	return rules.Machine, nil
}

// trail writes the act into the trail.
func (b *Store) trail(ctx context.Context, tx *sql.Tx, a Principal, action staff.Action, on Ref, detail string) error {
	o := audit.Object{Kind: audit.Account, ID: on.Account}
	if on.Passenger != "" {
		o = audit.Object{Kind: audit.Passenger, ID: on.Passenger}
	}
	e, err := audit.By(a.By, action, o, b.Now().UnixMilli())
	if err != nil {
		return err
	}
	e.Detail, e.Request = detail, a.Request
	return b.Trail.Append(ctx, tx, e)
}
