package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/staff"
)

type member struct {
	Name     string   `toml:"name" doc:"stands in the audit table"`
	SHA256   string   `toml:"sha256" doc:"SHA-256 of the credential, 64 hex digits; -new-staff makes one"`
	Roles    []string `toml:"roles" doc:"what it may do: window, agency, police, operator, ticketing, authority or machine"`
	Purposes []string `toml:"purposes" doc:"what it may identify passengers for: sale, refund, change, verify; empty: all that its roles may"`
	NotAfter string   `toml:"not_after" doc:"RFC 3339 time from which it is no longer good; empty: it has no end"`
}

// readRoster reads the staff, and refuses what a list of them would.
func (c *config) readRoster() error {
	var faults []error
	for i, s := range c.Staff {
		member := staff.Credential{Name: s.Name, SHA256: s.SHA256}
		for _, text := range s.Roles {
			role, err := staff.ParseRole(text)
			if err != nil {
				faults = append(faults, fmt.Errorf("entry %d: %w", i+1, err))
			}
			member.Roles = append(member.Roles, role)
		}
		for _, text := range s.Purposes {
			member.Purposes = append(member.Purposes, staff.Purpose(text)) // NewList checks it
		}
		if s.NotAfter != "" {
			at, err := time.Parse(time.RFC3339, s.NotAfter)
			if err != nil {
				faults = append(faults, fmt.Errorf("entry %d: not_after must be a time such as 2027-02-10T00:00:00+08:00", i+1))
			}
			member.NotAfter = at
		}
		c.roster = append(c.roster, member)
	}
	if len(faults) == 0 {
		if _, err := staff.NewList(staff.Config{Credentials: c.roster}); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
