//! A whole stack: all services over one data directory, behind one port.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::{
    clock::Clock,
    console, control,
    data::Data,
    dynamodb::DynamoDb,
    front::{self, Front},
    functions,
    keys::Keys,
    lambda::Lambda,
    outside::{Outbox, Ses, SmsVoice},
    region::{Regions, Running},
    scheduler::Scheduler,
    seed::Seed,
    service::{Registry, Service, Shared},
    slack::{Slack, Workspace},
    states::{self, States},
    sts::{self, Sts},
    world::Behind,
};

/// What a stack is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// The data directory. What an earlier stack left there goes on.
    pub data: PathBuf,
    /// The world of the first start.
    pub seed: Seed,
    /// Virtual seconds for each real second.
    pub time_scale: f64,
    /// How far a database's `LatestRestorableTime` trails.
    pub archive_every: Duration,
    /// The folder with the five function binaries.
    pub functions: PathBuf,
}

impl Options {
    /// A stack in `data` with the functions from `functions`, on any port, in real time.
    #[must_use]
    pub fn new(data: PathBuf, functions: PathBuf, seed: Seed) -> Self {
        Self { port: 0, data, seed, time_scale: 1.0, archive_every: Duration::from_secs(2), functions }
    }
}

/// What runs in the first region.
#[derive(Debug)]
struct Home {
    lambda: Arc<Lambda>,
    states: Arc<States>,
    scheduler: Arc<Scheduler>,
}

/// A running stack. Dropping it stops it at once; [`Self::stop`] stops it in good order.
pub struct Stack {
    shared: Arc<Shared>,
    services: Arc<Registry>,
    regions: Arc<Regions>,
    home: Home,
    data: Arc<Data>,
    slack: Arc<Slack>,
    behind: Arc<Behind>,
    outbox: Arc<Outbox>,
}

impl Stack {
    /// Starts a stack, or the one that an earlier process left in the data directory.
    ///
    /// # Errors
    /// When the port is taken, there is no PostgreSQL, or the data directory can't be used.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let Options { port, data, seed, time_scale, archive_every, functions } = options;
        std::fs::create_dir_all(&data).with_context(|| format!("can't create {}", data.display()))?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("port {port} is taken"))?;
        let directory = std::path::absolute(data)?;
        let clock = Clock::open(&directory, time_scale)?;
        let shared = Arc::new(Shared::new(clock, directory, format!("http://{}", listener.local_addr()?)));

        let data = Arc::new(Data::open(&shared, &seed, archive_every).await?);
        let keys = Keys::ensure(&data.secrets, &seed.regions)?;
        let dns = format!("127.0.0.1:{}", data.dns.port());
        let stack = Self::assemble(shared, data, &seed, &keys)?;
        // The doors last: whoever comes in then finds every execution and token of an earlier stack. What functions ask
        // before waits in the listener's queue.
        for (region, Running { lambda, states, scheduler }) in stack.regions.all() {
            for function in functions::table(&functions, stack.url(), (&seed, region), &dns) {
                lambda.add(function);
            }
            if stack.regions.bot().iter().any(|one| one == region) {
                scheduler.ensure(functions::SWEEP, functions::sweep(&lambda.arn(functions::SCHEDULER)))?;
                let machine = states::RUN.replace("${RunnerFunctionArn}", &lambda.arn(functions::RUNNER));
                states.add(functions::STATE_MACHINE, &machine)?;
            }
            lambda.resume();
            scheduler.resume();
        }
        stack.open_doors(listener);
        Ok(stack)
    }

    /// Opens the services, each over what it needs of the others.
    fn assemble(shared: Arc<Shared>, data: Arc<Data>, seed: &Seed, keys: &Keys) -> anyhow::Result<Self> {
        let dynamodb = Arc::new(DynamoDb::open(&shared.data)?.spread_over(&seed.bot_regions));
        dynamodb.ensure_table(functions::TABLE)?;
        let regions = Regions::open(&shared, seed)?;
        connect_bus(&shared, &regions);
        let killed = Arc::downgrade(&regions);
        shared.faults.kill_with(move || killed.upgrade().iter().for_each(|regions| regions.kill_all()));
        let outbox = Outbox::open(&shared)?;
        let sts = Sts::new(shared.clone(), sts::principals(&seed.plan_yaml));
        let outside: [Arc<dyn Service>; 3] = [Arc::new(SmsVoice(outbox.clone())), Arc::new(Ses(outbox.clone())), Arc::new(sts)];
        let behind = Arc::new(Behind::new(data.clone(), dynamodb.clone(), &regions, (seed.regions.clone(), outbox.clone())));
        let slack = Slack::open(shared.clone(), behind.clone(), Workspace::from_seed(seed, &keys.slack_bot_token))?;
        let table: Arc<dyn Service> = dynamodb;
        let services = Arc::new(Registry::new(data.services().into_iter().chain([table]).chain(regions.services()).chain(outside)));
        let Running { lambda, states, scheduler } = regions.of(seed.home()).context("a stack needs a region")?;
        let home = Home { lambda: lambda.clone(), states: states.clone(), scheduler: scheduler.clone() };
        Ok(Self { shared, services, regions, home, data, slack, behind, outbox })
    }

    /// Answers on the port from here on.
    fn open_doors(&self, listener: TcpListener) {
        let shared = self.shared.clone();
        let front = Front { shared: shared.clone(), services: self.services.clone(), regions: self.regions.clone(), door: functions::DOOR };
        let routes = console::router(shared.clone(), self.slack.clone(), self.behind.clone()).merge(control::routes(shared.clone()));
        shared.tasks.spawn(front::serve(listener, shared.clone(), self.regions.clone(), front.app(routes)));
    }

    /// Where the stack listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The clock, the faults, the record of calls.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The AWS services.
    #[must_use]
    pub fn services(&self) -> &Arc<Registry> {
        &self.services
    }

    /// What runs, by region.
    #[must_use]
    pub fn regions(&self) -> &Arc<Regions> {
        &self.regions
    }

    /// The host of the functions of the first region.
    #[must_use]
    pub fn lambda(&self) -> &Arc<Lambda> {
        &self.home.lambda
    }

    /// Step Functions of the first region.
    #[must_use]
    pub fn states(&self) -> &Arc<States> {
        &self.home.states
    }

    /// EventBridge Scheduler of the first region.
    #[must_use]
    pub fn scheduler(&self) -> &Arc<Scheduler> {
        &self.home.scheduler
    }

    /// Databases, secrets, objects, zones.
    #[must_use]
    pub fn data(&self) -> &Arc<Data> {
        &self.data
    }

    /// What went to people outside of Slack.
    #[must_use]
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The Slack workspace.
    #[must_use]
    pub fn slack(&self) -> &Arc<Slack> {
        &self.slack
    }

    /// Stops everything that the stack started, in good order.
    pub async fn stop(self) {
        for (_, running) in self.regions.all() {
            running.lambda.stop().await;
        }
        self.shared.tasks.abort_all();
        self.data.close().await;
    }
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stack").field("url", &self.shared.url).field("services", &self.services).finish_non_exhaustive()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.shared.tasks.abort_all();
    }
}

/// Events whose rules match become asynchronous invocations.
fn connect_bus(shared: &Shared, regions: &Arc<Regions>) {
    let regions = Arc::downgrade(regions);
    shared.bus.deliver_with(move |to, event| {
        let Some(regions) = regions.upgrade() else { return };
        let Some(there) = regions.of(to.region) else { return };
        if let Err(error) = there.lambda.enqueue(to.function, event.to_string().as_bytes()) {
            tracing::warn!(%error, to.function, to.region, "an event can't be delivered");
        }
    });
}
