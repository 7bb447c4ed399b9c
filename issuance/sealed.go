package issuance

import (
	"slices"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/reseal"
)

// SealedColumns are all columns that lie under a field key: what a walk to a newer
// key must cover.
func SealedColumns() []reseal.Column {
	all := slices.Concat(credential.SealedColumns(), reseal.Columns(account.Table, "id", account.SealedColumns()...))
	for _, c := range registry.SealedColumns() {
		all = append(all, reseal.Column{Table: c.Table, Column: c.Column, Key: c.Key})
	}
	return all
}
