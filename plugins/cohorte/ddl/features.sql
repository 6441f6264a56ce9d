-- Parts of features lay in the lake before they became tables of a build's memory (docs/adr/0026).
drop table if exists pii.int_features__address;
drop table if exists intermediate.int_features__as_of;
drop table if exists intermediate.int_features__campaigns;
drop table if exists intermediate.int_features__categories;
drop table if exists intermediate.int_features__channels;
drop table if exists intermediate.int_features__demographics;
drop table if exists intermediate.int_features__email;
drop table if exists intermediate.int_features__identity;
drop table if exists intermediate.int_features__interests;
drop table if exists intermediate.int_features__moved_order;
drop table if exists intermediate.int_features__purchases;
drop table if exists intermediate.int_features__returns;
drop table if exists intermediate.int_features__web;
