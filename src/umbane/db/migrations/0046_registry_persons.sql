-- Who somebody is: several names to sign in with may be one person's, and a person counts once.
ALTER TABLE registry.operator ADD COLUMN person text CHECK (person <> '' AND person = lower(person));
UPDATE registry.operator SET person = lower(name);
ALTER TABLE registry.operator ALTER COLUMN person SET NOT NULL;

CREATE INDEX operator_person ON registry.operator (utility_id, person);

COMMENT ON COLUMN registry.operator.person IS 'a personnel number or a name: all operators with the same one are one person';
