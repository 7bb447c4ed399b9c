package backend

import (
	"slices"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/registry/book"
	"github.com/railgate/railgate/issuance/reseal"
)

// SealedColumns are all columns that lie under a field key: what a walk to a newer
// key must cover.
func SealedColumns() []reseal.Column {
	all := slices.Concat(issuance.SealedColumns(), reseal.Columns(account.Table, "id", account.SealedColumns()...))
	for _, c := range book.SealedColumns() {
		all = append(all, reseal.Column{Table: c.Table, Column: c.Column, Key: c.Key})
	}
	return all
}
