-- Create "accounts" table
CREATE TABLE "accounts" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "name" character varying(200) NOT NULL,
  "currency" character varying(3) NOT NULL,
  "balance" bigint NOT NULL DEFAULT 0,
  "allow_negative" boolean NOT NULL DEFAULT false,
  "version" bigint NOT NULL DEFAULT 1,
  PRIMARY KEY ("id"),
  CONSTRAINT "accounts_balance_floor" CHECK ((balance >= 0) OR allow_negative),
  CONSTRAINT "accounts_currency_code" CHECK ((currency)::text ~ '^[A-Z]{3}$'::text),
  CONSTRAINT "accounts_name_not_empty" CHECK ((name)::text <> ''::text)
);
-- Create index "accounts_name_key" to table: "accounts"
CREATE UNIQUE INDEX "accounts_name_key" ON "accounts" ("name");
-- Create "transfers" table
CREATE TABLE "transfers" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "amount" bigint NOT NULL,
  "memo" character varying(500) NOT NULL DEFAULT '',
  PRIMARY KEY ("id"),
  CONSTRAINT "transfers_amount_positive" CHECK (amount > 0)
);
-- Create "entries" table
CREATE TABLE "entries" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "amount" bigint NOT NULL,
  "account_id" uuid NOT NULL,
  "transfer_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "entries_accounts_entries" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "entries_transfers_entries" FOREIGN KEY ("transfer_id") REFERENCES "transfers" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "entries_amount_not_zero" CHECK (amount <> 0)
);
-- Create index "entry_account_id_id" to table: "entries"
CREATE INDEX "entry_account_id_id" ON "entries" ("account_id", "id");
-- Create index "entry_transfer_id_account_id" to table: "entries"
CREATE UNIQUE INDEX "entry_transfer_id_account_id" ON "entries" ("transfer_id", "account_id");
