package account

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
)

// view reads for a holder. An account that was closed since the holder was
// authorized is LoginRequired.
func (s *Service) view(ctx context.Context, what string, f func(ctx context.Context, q database.Queries) error) error {
	err := s.Database.View(ctx, what, f)
	if errors.Is(err, database.ErrNotFound) {
		return errLoginRequired
	}
	return err
}

// Profile reads the holder's profile.
func (s *Service) Profile(ctx context.Context, h Holder) (p Profile, err error) {
	err = s.view(ctx, "read profile", func(ctx context.Context, q database.Queries) (err error) {
		p, err = s.profile(ctx, q, h.account)
		return err
	})
	return p, err
}

var errNotFound = problem.New(AccountNotFound, "no account is found by this")

// ProfileForStaff opens an account's profile in somebody's transaction or view:
// at a window the document is compared with it (rule B1). Whoever asks must have
// shown that they may.
func (s *Service) ProfileForStaff(ctx context.Context, q database.Queries, account string) (Profile, error) {
	if !ids.WellFormed(account, accountPrefix, ids.IDSize) {
		return Profile{}, errNotFound
	}
	p, err := s.profile(ctx, q, account)
	if errors.Is(err, database.ErrNotFound) {
		err = errNotFound
	}
	return p, err
}

// IdentityForStaff locks an account in a member's transaction, before any other row
// of it, and returns what writes a new identity into the profile. It asks no hook:
// the registry, which calls it, has decided. Refused with AccountNotFound.
func (s *Service) IdentityForStaff(ctx context.Context, tx *sql.Tx, account string) (write func(Identity) error, err error) {
	if !ids.WellFormed(account, accountPrefix, ids.IDSize) {
		return nil, errNotFound
	}
	if _, err := s.lock(ctx, tx, account); err != nil {
		return nil, err
	}
	p, err := s.profile(ctx, tx, account)
	if err != nil {
		return nil, err
	}
	return func(who Identity) error {
		p.Identity = who
		p.Version++
		return s.update(ctx, tx, p)
	}, nil
}

// Edit is a whole new profile; the login name stays for ever.
type Edit struct {
	Version  int64 // of the profile that was edited
	Identity EnteredIdentity
	Contact  Contact
}

var errConflict = problem.New(ProfileConflict, "version is not that of the profile; nothing was changed")

// Edit replaces the holder's profile and returns it with its new version. An edit
// of a version that is no longer the present one is refused with ProfileConflict:
// its author has not seen what it would overwrite. Whether the identity may be
// edited is the registry's to say (Hooks.IdentityEdited). An edit that changes
// nothing keeps the version.
func (s *Service) Edit(ctx context.Context, h Holder, e Edit) (p Profile, err error) {
	who, err := e.Identity.read(s.Now())
	if err != nil {
		return Profile{}, err
	}
	contact, err := e.Contact.read()
	if err != nil {
		return Profile{}, err
	}
	err = s.Database.Change(ctx, "edit profile", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.LockLogin(ctx, tx, h); err != nil {
			return err
		}
		if p, err = s.profile(ctx, tx, h.account); err != nil {
			return err
		}
		if p.Version != e.Version {
			return errConflict
		}
		before := p.Identity
		who.Name = before.Name.Edited(who.Name)
		unchanged := who == before && contact == p.Contact
		if who != before || unchanged {
			if err := s.Hooks.IdentityEdited(ctx, tx, h.account, before, who); err != nil {
				return err
			}
		}
		if unchanged {
			return nil
		}
		if contact.Phone != p.Contact.Phone {
			p.PhoneVerifiedMs = 0 // a code has shown the phone before it
			if err := dropCodes(ctx, tx, h.account); err != nil {
				return err
			}
		}
		p.Identity, p.Contact = who, contact
		p.Version++
		return s.update(ctx, tx, p)
	})
	if err != nil {
		return Profile{}, err
	}
	return p, nil
}

func (s *Service) update(ctx context.Context, tx *sql.Tx, p Profile) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE accounts SET document_type = $2, name = $3, name_marks = $4, number = $5, nationality = $6,
			phone = $7, email = $8, version = $9, phone_verified_ms = $10, substituted = $11
		WHERE id = $1`,
		p.Account, p.Identity.Document, s.seal(columnName, p.Account, p.Identity.Name.Text), marks(p.Identity.Name),
		s.seal(columnNumber, p.Account, p.Identity.Number), s.seal(columnNationality, p.Account, string(p.Identity.Nationality)),
		s.seal(columnPhone, p.Account, p.Contact.Phone),
		s.seal(columnEmail, p.Account, p.Contact.Email), p.Version, p.PhoneVerifiedMs,
		s.seal(columnSubstituted, p.Account, yesNo(p.Identity.Substituted)))
	return err
}
