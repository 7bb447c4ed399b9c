package harness

import "github.com/railgate/railgate/issuance/staff"

// Environment is what a program outside the test needs to use issuer and gateway: their
// addresses and credentials, as docs/examples names them.
func (h *Harness) Environment() []string {
	h.Deliver()
	return []string{
		"ISSUER=" + h.issuer, "GATE=" + h.Gate.address, "DEVICE=" + h.Gate.credential,
		"WINDOW=" + h.secrets[staff.Window], "TICKETING=" + h.secrets[staff.Ticketing], "TICKETING_NAME=" + string(staff.Ticketing) + "-1",
	}
}
