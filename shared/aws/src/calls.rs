//! The IAM actions that each adapter's calls need, so that a test can compare a function's role with what its code calls.
//!
//! They stand here and not in the adapters because they are read side by side, when a policy is written or doubted.

/// [`crate::table`].
pub const TABLE: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"];

/// [`crate::blobs`]. `ListBucket`, since without it S3 says of a file that is not there that access is denied.
pub const BLOBS: &[&str] = &["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"];

/// [`crate::databases`], what it asks.
pub const DATABASES_READ: &[&str] = &["rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeDBInstances", "rds:DescribeDBSnapshots"];

/// [`crate::databases`], how many snapshots there may be.
pub const QUOTA: &[&str] = &["rds:DescribeAccountAttributes"];

/// [`crate::databases`], what it changes. `AddTagsToResource` is demanded of whoever tags what they create; the
/// monitoring role and the encryption keys are handed on (`iam:PassRole`, and for encrypted storage `kms:CreateGrant` and
/// `kms:DescribeKey`).
pub const DATABASES_CHANGE: &[&str] = &[
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "rds:AddTagsToResource",
    "rds:CreateDBInstanceReadReplica",
    "rds:CreateDBSnapshot",
    "rds:DeleteDBInstance",
    "rds:DeleteDBSnapshot",
    "rds:ModifyDBInstance",
    "rds:PromoteReadReplica",
    "rds:RebootDBInstance",
    "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:RestoreDBInstanceToPointInTime",
];

/// [`crate::secrets`], what it reads.
pub const SECRETS_READ: &[&str] = &["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"];

/// [`crate::secrets`], what it changes.
pub const SECRETS_CHANGE: &[&str] = &["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"];

/// [`crate::dns`], what it asks.
pub const DNS_READ: &[&str] = &["route53:GetChange", "route53:ListHostedZonesByName", "route53:ListResourceRecordSets"];

/// [`crate::dns`], what it changes.
pub const DNS_CHANGE: &[&str] = &["route53:ChangeResourceRecordSets"];

/// [`crate::dns`], the switches that health checks read. `ListBucket`, since without it S3 says of one that nobody has turned yet that
/// access is denied.
pub const SWITCH_READ: &[&str] = &["s3:GetObject", "s3:ListBucket"];

/// [`crate::dns`], a switch that is turned.
pub const SWITCH_CHANGE: &[&str] = &["s3:PutObject"];

/// [`crate::sql`], beside [`SECRETS_READ`] for the sign-in.
pub const SQL: &[&str] = &["lambda:InvokeFunction"];

/// [`crate::workflow`].
pub const WORKFLOW: &[&str] = &["states:DescribeExecution", "states:SendTaskSuccess", "states:StartExecution"];

/// [`crate::installation`].
pub const INSTALLATION: &[&str] = &[
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "lambda:GetFunctionConfiguration",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketVersioning",
    "scheduler:GetSchedule",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
];

/// `shared/notify`, by requests signed by hand.
pub const WAYS: &[&str] = &["ses:GetSuppressedDestination", "ses:SendEmail", "sms-voice:SendTextMessage", "sms-voice:SendVoiceMessage"];
