-- Audiences that were taken back to how they were. dbt's models of this schema are in dbt_project/models/segments/.

-- One row per member of a restored segment: who is in it until it is released, whatever its SELECT says.
create table if not exists segments.pin (
    segment varchar not null,
    customer_id varchar not null,
    score double,
    reason varchar,
    restored_to timestamp not null,    -- business time the members are as of
    snapshot bigint not null,          -- the lake's snapshot they were read from
    pinned_at timestamp not null       -- business time of the restoration
);

-- Definitions have had versions since there are rules beside the SELECT; a table from before has one of each.
alter table if exists segments.definition add column if not exists version integer default 1;
alter table if exists segments.definition add column if not exists is_current boolean default 1;
alter table if exists segments.definition add column if not exists valid_from timestamp;
alter table if exists segments.definition add column if not exists valid_to timestamp;
alter table if exists segments.definition add column if not exists rules varchar default '{}';
alter table if exists segments.definition add column if not exists fingerprint varchar;
alter table if exists segments.definition add column if not exists model varchar;
