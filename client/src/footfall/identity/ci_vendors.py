"""The environment variables that show that a process runs in CI. Data only.

The question is not "did CI build this" but "is this run a developer's test": a false yes hides a user. So three kinds
of variables are not used: those that production servers have too, those that servers are often configured with, and
generic words whose mere presence would count.
"""

BOOLEAN_VARIABLES = (
    "AC_APPCIRCLE",
    "APPVEYOR",
    "BITRISE_IO",
    "BUILDKITE",
    "CAPAWESOME_CLOUD",
    "CIRCLECI",
    "CIRRUS_CI",
    "DRONE",
    "DSARI",
    "EARTHLY_CI",
    "EAS_BUILD",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "LAYERCI",
    "MAGNUM",
    "NEVERCODE",
    "RWX",
    "SAILCI",
    "SCREWDRIVER",
    "SEMAPHORE",
    "STRIDER",
    "TF_BUILD",
    "TRAVIS",
    "VELA",
    "WORKERS_CI",
    "XCS",
)
"""Count if the value is `true` or `1`. Many are plain words (`DRONE`, `VELA`) that may also hold a path or address."""

BUILD_VARIABLES = (
    "AGOLA_GIT_REF",
    "APPCENTER_BUILD_ID",
    "CF_BUILD_ID",
    "CI_XCODE_PROJECT",
    "CM_BUILD_ID",
    "CODEBUILD_BUILD_ARN",
    "GO_PIPELINE_LABEL",
    "HARNESS_BUILD_ID",
    "NOW_BUILDER",
    "PROW_JOB_ID",
    "TEAMCITY_VERSION",
    "bamboo_planKey",
)
"""Count if they are not empty: only that vendor's build machines set them."""

VARIABLE_GROUPS = (
    ("BITBUCKET_COMMIT", "BITBUCKET_BUILD_NUMBER"),
    ("BUDDY_WORKSPACE_ID", "BUDDY_EXECUTION_ID"),
    ("HUDSON_URL", "BUILD_ID"),
    ("JENKINS_URL", "BUILD_ID"),
    ("TASK_ID", "RUN_ID"),
)
"""Count only if all of a group are set. Servers often have one alone: a tool that talks to Jenkins is configured with
JENKINS_URL, images carry the commit they were built from, pods have a BUILD_ID or RUN_ID. TASK_ID and RUN_ID are
TaskCluster's."""

VARIABLE_VALUES = (
    ("CI_NAME", "codeship"),
    ("CI_NAME", "sourcehut"),
    ("BUILDER_OUTPUT", "/builder/outputs"),
)
"""Count with exactly this value. The last is Google Cloud Build."""

EXCLUDED = {
    "ALPIC_HOST": "Alpic hosts MCP servers: this is production",
    "CF_PAGES": "Cloudflare Pages functions have it too; its builds set CI",
    "GERRIT_PROJECT": "servers that talk to Gerrit are configured with it; its builds run on Jenkins or Zuul",
    "NETLIFY": "hosting; its builds set CI",
    "NODE": "Heroku sets it to the same path in every dyno that npm starts; its CI sets CI",
    "RELEASE_BUILD_ID": "ReleaseHub sets it in the running containers of every environment",
    "RENDER": "every running service on Render has it",
    "VERCEL": "every running function on Vercel has it; builds have NOW_BUILDER and CI",
}
"""Vendors' variables that are deliberately not used, each with the reason. (Woodpecker needs no entry: it sets
`CI=woodpecker`, which counts as CI.)"""
